import Bytes
import Glibc

/// The last bytes that came out of a stream, and some that were there already.
///
/// It grows only when most of it is full of bytes that really came, so that a length that lies
/// costs nothing.
struct StreamBuffer {
  /// Of the oldest byte held, in the stream.
  private(set) var start: UInt64 = 0
  /// Behind the newest byte held.
  var end: UInt64 { start + UInt64(held) }
  private var room: [UInt8] = []
  private var held = 0
  /// Where in the room the oldest byte lies.
  private var head = 0
  private static let smallest = 64 << 10

  /// Forgets the bytes in front of `offset`; those that have not come yet are not passed over.
  mutating func drop(before offset: UInt64) {
    guard offset > start else { return }
    let count = Int(min(offset - start, UInt64(held)))
    poison(head..<head + count)
    head += count
    held -= count
    start += UInt64(count)
    if held == 0 { head = 0 }
  }

  private mutating func poison(_ range: Range<Int>) {
    #if DEBUG
      unsafe room.withUnsafeMutableBytes { unsafe Poison.fill(.init(rebasing: $0[range])) }
    #endif
  }

  /// Takes what a read brings; 0 at the end of the stream.
  mutating func fill(from file: borrowing OpenFile) throws(FileError) -> Int {
    makeRoom()
    while true {
      let got = unsafe room.withUnsafeMutableBytes { all in
        let free = unsafe all.dropFirst(head + held)
        return unsafe read(
          file.descriptor, all.baseAddress.map { unsafe $0 + free.startIndex }, free.count)
      }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw FileError(.read, path: file.path) }
      held += got
      return got
    }
  }

  /// Sees to it that a quarter is free: moves what is held, or doubles where most of it is needed.
  private mutating func makeRoom() {
    guard room.count - head - held <= room.count / 4 else { return }
    if held > room.count / 2 || room.isEmpty {
      room.append(contentsOf: repeatElement(0, count: max(room.count, Self.smallest)))
    } else {
      unsafe room.withUnsafeMutableBytes { all in
        unsafe all.copyMemory(from: .init(rebasing: all[head..<head + held]))
      }
      head = 0
    }
  }

  /// Lends `count` bytes from `offset` on, or as many as are held.
  @unsafe
  func withUnsafeBytes<R, E: Error>(
    at offset: UInt64, count: Int, _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    let first = head + Int(min(max(offset, start) - start, UInt64(held)))
    let last = first + min(count, head + held - first)
    return try unsafe room.rawSpan.extracting(first..<last).withUnsafeBytes(body)
  }
}
