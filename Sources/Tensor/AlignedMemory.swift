import Glibc
import Synchronization

/// Bytes on a cache line's border, freed by `deinit`.
///
/// `@unchecked Sendable`: the region itself never changes; who writes into it sees to it that
/// nobody else does so at the same time.
@safe
final class AlignedMemory: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  let byteCount: Int
  private let block: UnsafeMutableRawPointer

  private static let alignment = 64

  /// - Parameter zeroed: whether all bytes are zero at first. Large zeroed regions come from the
  ///   kernel and take memory only where they are touched.
  init(byteCount: Int, zeroed: Bool) {
    let padded = byteCount + Self.alignment
    guard let block = unsafe zeroed ? calloc(padded, 1) : malloc(padded) else {
      preconditionFailure("no memory for \(byteCount) bytes")
    }
    unsafe self.block = unsafe block
    unsafe base = unsafe block.alignedUp(toMultipleOf: Self.alignment)
    self.byteCount = byteCount
  }

  deinit { unsafe free(block) }

  var floats: UnsafeMutablePointer<Float> {
    unsafe base.assumingMemoryBound(to: Float.self)
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
