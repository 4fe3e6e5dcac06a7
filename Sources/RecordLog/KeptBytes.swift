/// The last bytes that came out of a stream, for who has to look at them twice.
struct KeptBytes {
  /// Of the oldest byte kept, in the stream.
  private(set) var start: UInt64
  private var bytes: [UInt8] = []
  /// Bytes in front of this are released, and not yet moved away.
  private var head = 0

  init(start: UInt64) { self.start = start }

  mutating func append(_ more: ArraySlice<UInt8>) { bytes.append(contentsOf: more) }

  /// Moves memory only when half of it is free, so that each byte is moved once on average.
  mutating func drop(before offset: UInt64) {
    guard offset > start else { return }
    let count = Int(min(offset - start, UInt64(bytes.count - head)))
    head += count
    start += UInt64(count)
    guard head > bytes.count / 2 else { return }
    bytes.removeFirst(head)
    head = 0
  }

  /// How many of `count` bytes from `offset` on there are, copied to the front of `buffer`.
  func copy(from offset: UInt64, count: Int, into buffer: inout [UInt8]) -> Int {
    let from = head + Int(min(offset - start, UInt64(bytes.count - head)))
    let piece = bytes[from..<min(from + count, bytes.count)]
    if buffer.count < piece.count {
      buffer.append(contentsOf: repeatElement(0, count: piece.count - buffer.count))
    }
    buffer.replaceSubrange(0..<piece.count, with: piece)
    return piece.count
  }
}
