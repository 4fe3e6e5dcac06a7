import Glibc
import Synchronization

/// Bytes on a cache line's border, given back by `deinit`.
///
/// `@unchecked Sendable`: the region itself never changes; who writes into it sees to it that
/// nobody else does so at the same time.
@safe
final class AlignedMemory: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  let byteCount: Int
  private let block: UnsafeMutableRawPointer
  /// The block's size where it may be used again, or nil.
  private let keptSize: Int?

  private static let alignment = 64

  /// - Parameter zeroed: whether all bytes are zero at first.
  init(byteCount: Int, zeroed: Bool) {
    self.byteCount = byteCount
    keptSize = IdleMemory.keptSize(byteCount + Self.alignment)
    if let idle = unsafe keptSize.flatMap({ unsafe IdleMemory.shared.take($0) }) {
      unsafe block = idle
      unsafe base = unsafe idle.alignedUp(toMultipleOf: Self.alignment)
      if zeroed { unsafe memset(base, 0, byteCount) }
    } else {
      unsafe block = unsafe Self.allocate(keptSize ?? byteCount + Self.alignment, zeroed: zeroed)
      unsafe base = unsafe block.alignedUp(toMultipleOf: Self.alignment)
    }
  }

  /// Zeros that take memory only where they are touched: for large regions that fill slowly.
  init(lazyZeros byteCount: Int) {
    self.byteCount = byteCount
    keptSize = nil
    unsafe block = unsafe Self.allocate(byteCount + Self.alignment, zeroed: true)
    unsafe base = unsafe block.alignedUp(toMultipleOf: Self.alignment)
  }

  private static func allocate(_ size: Int, zeroed: Bool) -> UnsafeMutableRawPointer {
    guard let block = unsafe zeroed ? calloc(size, 1) : malloc(size) else {
      preconditionFailure("no memory for \(size) bytes")
    }
    return unsafe block
  }

  deinit {
    if let keptSize, unsafe IdleMemory.shared.keep(block, keptSize) { return }
    unsafe free(block)
  }

  var floats: UnsafeMutablePointer<Float> {
    unsafe base.assumingMemoryBound(to: Float.self)
  }
}

/// Blocks of middling size that were given back and wait to be used again. Activations come and go
/// with each layer, and asking the kernel for fresh pages every time costs more than many a product.
private final class IdleMemory: Sendable {
  static let shared = IdleMemory()

  private struct State {
    /// Addresses by size.
    var blocks: [Int: [UInt]] = [:]
    var bytes = 0
  }

  private let state = Mutex(State())

  /// Smaller blocks are left to the allocator, larger ones to the kernel.
  private static let sizes = 1 << 15...1 << 25
  /// What may wait in all.
  private static let limit = 48 << 20

  /// The size of a block that holds `byteCount` bytes and can serve others of about that size; nil
  /// where it is not to be kept.
  static func keptSize(_ byteCount: Int) -> Int? {
    guard sizes.contains(byteCount) else { return nil }
    return byteCount.roundedUp(to: 1 << (Int.bitWidth - byteCount.leadingZeroBitCount - 4))
  }

  func take(_ size: Int) -> UnsafeMutableRawPointer? {
    let address = state.withLock { state -> UInt? in
      guard let address = state.blocks[size]?.popLast() else { return nil }
      state.bytes -= size
      return address
    }
    return unsafe address.flatMap { unsafe UnsafeMutableRawPointer(bitPattern: $0) }
  }

  /// False where the block is to be freed.
  func keep(_ block: UnsafeMutableRawPointer, _ size: Int) -> Bool {
    let address = UInt(bitPattern: block)
    return state.withLock { state in
      guard state.bytes + size <= Self.limit else { return false }
      state.bytes += size
      state.blocks[size, default: []].append(address)
      return true
    }
  }
}

/// Pieces of scratch memory of one size, at most as many as are in use at once.
final class ScratchPool: Sendable {
  private let byteCount: Int
  private let idle = Mutex<[AlignedMemory]>([])

  init(floats: Int) { byteCount = floats * MemoryLayout<Float>.stride }

  func with(_ body: (AlignedMemory) -> Void) {
    let scratch =
      idle.withLock { $0.popLast() } ?? AlignedMemory(byteCount: byteCount, zeroed: false)
    body(scratch)
    idle.withLock { $0.append(scratch) }
  }
}

extension Int {
  func roundedUp(to multiple: Int) -> Int { (self + multiple - 1) / multiple * multiple }
}
