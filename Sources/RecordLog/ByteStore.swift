/// Memory for bytes that grows, is emptied and used again. Owns it.
@safe
final class ByteStore {
  private(set) var count = 0
  private(set) var capacity = 0
  private var base: UnsafeMutableRawPointer?

  init() {}

  deinit { unsafe base?.deallocate() }

  /// All that was put in, until the next change.
  var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: base, count: count) }

  var isEmpty: Bool { count == 0 }

  /// Lends all that was put in.
  func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
    try body(unsafe RawSpan(_unsafeBytes: bytes))
  }

  /// Makes room for `more` bytes behind those there are.
  @inline(__always)
  func reserve(_ more: Int) {
    if capacity - count < more { grow(count + more) }
  }

  @inline(never)
  private func grow(_ least: Int) {
    let size = max(least, capacity + capacity / 2, 512)
    let new = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
    if let base = unsafe base {
      unsafe new.copyMemory(from: base, byteCount: count)
      unsafe base.deallocate()
    }
    unsafe base = new
    capacity = size
  }

  @inline(__always)
  func append(_ more: UnsafeRawBufferPointer) {
    reserve(more.count)
    guard let base = unsafe base, let from = more.baseAddress else { return }
    unsafe (base + count).copyMemory(from: from, byteCount: more.count)
    count += more.count
  }

  @inline(__always)
  func append(_ byte: UInt8) {
    reserve(1)
    unsafe base?.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count += 1
  }

  /// As LEB128: seven bits a byte, the lowest first.
  @inline(__always)
  func append(number: UInt32) {
    var rest = number
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  /// Empties it and lends `size` bytes to write to, their content undefined.
  func refill(_ size: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
    count = 0
    reserve(size)
    let room = unsafe UnsafeMutableRawBufferPointer(start: base, count: size)
    unsafe Poison.fill(room)
    unsafe fill(room)
    count = size
  }

  /// Lends all bytes to write to.
  func withMutableBytes(_ change: (UnsafeMutableRawBufferPointer) -> Void) {
    unsafe change(UnsafeMutableRawBufferPointer(start: base, count: count))
  }

  /// Gives all it has to `other`, and takes what that has.
  func exchange(with other: ByteStore) {
    (count, other.count) = (other.count, count)
    (capacity, other.capacity) = (other.capacity, capacity)
    unsafe (base, other.base) = (other.base, base)
  }

  /// Empties it; keeps the memory where that is no more than `most` bytes.
  func removeAll(keeping most: Int = .max) {
    count = 0
    unsafe Poison.fill(UnsafeMutableRawBufferPointer(start: base, count: capacity))
    guard capacity > most else { return }
    unsafe base?.deallocate()
    unsafe base = nil
    capacity = 0
  }
}
