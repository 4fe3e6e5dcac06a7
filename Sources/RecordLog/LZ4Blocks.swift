import Bytes

/// The blocks of a chunk's LZ4 frame, from the first on.
///
/// Block k holds the decoded bytes from k times the block size on, so where a record lies tells
/// which blocks to decode.
@safe
struct LZ4Blocks: ~Escapable, Sendable {
  /// A block, and the decoded bytes that it must fill.
  struct Block: Sendable {
    fileprivate let stored: Range<Int>
    fileprivate let isStoredRaw: Bool
    let raw: Range<Int>
  }

  private let frame: StoredBytes
  private let rawCount: Int
  private let blockSize: Int
  /// Bytes behind the end mark.
  private let trailer: Int
  private var at = LZ4Frame.headerBytes
  private var done = 0

  /// - Parameter rawCount: what the frame must decode to, in bytes.
  @_lifetime(copy frame)
  init(_ frame: StoredBytes, rawCount: Int) throws(RecordLogError.Problem) {
    (blockSize, trailer) = try LZ4Blocks.profile(of: frame)
    self.frame = frame
    self.rawCount = rawCount
  }

  /// Block size and the bytes behind the end mark, by the frame's first seven bytes.
  private static func profile(
    of frame: StoredBytes
  ) throws(RecordLogError.Problem) -> (blockSize: Int, trailer: Int) {
    // The two numbers overlap in one byte.
    if let first = try frame.number(at: 0), let second = try frame.number(at: 3) {
      for size in BlockSize.allCases {
        if LZ4Frame.begins(first, second, as: size.frameHeader) { return (size.bytes, 0) }
        if LZ4Frame.begins(first, second, as: size.checkedFrameHeader) { return (size.bytes, 4) }
      }
    }
    throw .malformed(.values, "no LZ4 frame of the profile")
  }

  /// The next block; nil behind the last one, when everything about the frame was right.
  @_lifetime(self: copy self)
  mutating func next() throws(RecordLogError.Problem) -> Block? {
    guard let word = try frame.number(at: at) else { throw LZ4Blocks.cut }
    at += 4
    guard word != 0 else { return try end() }
    let size = Int(word & ~LZ4Frame.storedBit)
    guard size <= blockSize, size <= frame.count - at else { throw LZ4Blocks.cut }
    let room = min(blockSize, rawCount - done)
    guard room > 0 else { throw .malformed(.values, "more than \(rawCount) bytes") }
    defer {
      at += size
      done += room
    }
    return Block(
      stored: at..<at + size, isStoredRaw: word & LZ4Frame.storedBit != 0, raw: done..<done + room)
  }

  private func end() throws(RecordLogError.Problem) -> Block? {
    guard done == rawCount else {
      throw .malformed(.values, "\(done) bytes decoded, \(rawCount) expected")
    }
    guard at + trailer == frame.count else {
      throw .malformed(.values, "bytes behind the end mark")
    }
    return nil
  }

  private static var cut: RecordLogError.Problem {
    .malformed(.values, "a block runs past the frame")
  }

  /// Decodes the first `count` bytes of a block to `out`, from `place` there on.
  func decode(
    _ block: Block, to out: inout [UInt8], at place: Int, count: Int
  ) throws(RecordLogError.Problem) {
    precondition(count <= block.raw.count && place + count <= out.count, "no room for a block")
    let result = unsafe out.withUnsafeMutableBytes { all in
      let room = unsafe UnsafeMutableRawBufferPointer(rebasing: all[place..<place + count])
      return Result { () throws(RecordLogError.Problem) in
        try unsafe decode(block, to: room)
      }
    }
    try result.get()
  }

  /// Decodes a block to `out`, which has its size, or stops when `out` is full.
  @unsafe
  private func decode(
    _ block: Block, to out: UnsafeMutableRawBufferPointer
  ) throws(RecordLogError.Problem) {
    var decoded: Int?
    if !block.isStoredRaw {
      let isFront = out.count < block.raw.count
      decoded = try unsafe frame.unpack(block.stored, to: out, isFront: isFront)
    } else if block.stored.count == block.raw.count {
      let start = block.stored.lowerBound
      try unsafe frame.copy(start..<start + out.count, to: out)
      decoded = out.count
    }
    guard decoded == out.count else {
      throw .malformed(
        .values, "block at \(block.stored.lowerBound) does not decode to \(out.count) bytes")
    }
  }
}

extension LZ4Frame {
  /// Decodes all of `frame` into `raw`, which it must fill exactly.
  /// - Returns: the checksum of the decoded bytes, taken while they are in the cache.
  static func decode(
    _ frame: StoredBytes, into raw: inout [UInt8]
  ) throws(RecordLogError.Problem) -> Checksum {
    var blocks = try LZ4Blocks(frame, rawCount: raw.count)
    var checksum = Checksum()
    while let block = try blocks.next() {
      try blocks.decode(block, to: &raw, at: block.raw.lowerBound, count: block.raw.count)
      checksum.add(raw.rawSpan.extracting(block.raw))
    }
    return checksum
  }

  /// Appends the decoded bytes in `range` to `out`.
  /// - Parameters:
  ///   - rawCount: what the whole frame decodes to.
  ///   - scratch: room for a block, which grows where it must.
  static func decode(
    _ range: Range<Int>, of frame: StoredBytes, rawCount: Int,
    by scratch: inout [UInt8], to out: inout [UInt8]
  ) throws(RecordLogError.Problem) {
    var blocks = try LZ4Blocks(frame, rawCount: rawCount)
    out.reserveCapacity(range.count)
    var done = 0
    while done < range.upperBound, let block = try blocks.next() {
      done = block.raw.upperBound
      let wanted = range.clamped(to: block.raw)
      guard !wanted.isEmpty else { continue }
      let start = block.raw.lowerBound
      scratch.grow(to: wanted.upperBound - start)
      try blocks.decode(block, to: &scratch, at: 0, count: wanted.upperBound - start)
      out += scratch[wanted.lowerBound - start..<wanted.upperBound - start]
    }
  }

  /// Whether the seven bytes of a frame's `header` begin with one number and end with the other.
  fileprivate static func begins(_ first: UInt32, _ second: UInt32, as header: [UInt8]) -> Bool {
    unsafe header.withUnsafeBytes { bytes in
      let start = unsafe bytes.loadUnaligned(fromByteOffset: 0, as: UInt32.self)
      let end = unsafe bytes.loadUnaligned(fromByteOffset: 3, as: UInt32.self)
      return UInt32(littleEndian: start) == first && UInt32(littleEndian: end) == second
    }
  }
}
