/// The values of a chunk: one LZ4 frame of a strict profile.
///
/// Independent blocks, no size field, no dictionary; every block but the last decodes to exactly
/// the block size, so that block k holds the bytes from k times the block size on.
enum LZ4Frame {
  static let headerBytes = 7
  /// Set in a block's size where the block is stored as it is.
  static let storedBit: UInt32 = 0x8000_0000
  static let plainFlags: UInt8 = 0x60
  /// With a checksum of the content behind the end mark, which ours makes superfluous.
  static let checkedFlags: UInt8 = 0x64

  /// The frame of `raw`, appended to `out`.
  @unsafe
  static func encode(
    _ raw: UnsafeRawBufferPointer, blockSize: BlockSize, into out: inout [UInt8]
  ) {
    out.append(contentsOf: blockSize.frameHeader)
    var start = 0
    while start < raw.count {
      let end = min(start + blockSize.bytes, raw.count)
      unsafe appendBlock(UnsafeRawBufferPointer(rebasing: raw[start..<end]), to: &out)
      start = end
    }
    append(0, to: &out)
  }

  @unsafe
  private static func appendBlock(_ raw: UnsafeRawBufferPointer, to out: inout [UInt8]) {
    let scratch = unsafe [UInt8](unsafeUninitializedCapacity: raw.count) { room, filled in
      // A block that does not shrink has no room here.
      let shrunk = unsafe UnsafeMutableRawBufferPointer(
        rebasing: UnsafeMutableRawBufferPointer(room)[..<(raw.count - 1)])
      filled = unsafe LZ4.pack(raw, to: shrunk)
    }
    if scratch.isEmpty {
      append(UInt32(raw.count) | storedBit, to: &out)
      unsafe out.append(contentsOf: raw)
    } else {
      append(UInt32(scratch.count), to: &out)
      out.append(contentsOf: scratch)
    }
  }

  private static func append(_ value: UInt32, to out: inout [UInt8]) {
    unsafe withUnsafeBytes(of: value.littleEndian) { unsafe out.append(contentsOf: $0) }
  }

  /// Decodes `frame` into `raw`, which it must fill exactly.
  /// - Returns: what is wrong with the frame, or nil.
  @unsafe
  static func decode(
    _ frame: UnsafeRawBufferPointer, into raw: UnsafeMutableRawBufferPointer
  ) -> RecordLogError.Problem? {
    guard let (blockSize, trailer) = unsafe profile(of: frame) else {
      return .malformed(.values, "no LZ4 frame of the profile")
    }
    var at = headerBytes
    var done = 0
    while true {
      guard let word = unsafe load(frame, at: at) else { return cut }
      at += 4
      if word == 0 { break }
      let size = Int(word & ~storedBit)
      guard size <= blockSize.bytes, size <= frame.count - at else { return cut }
      let block = unsafe UnsafeRawBufferPointer(rebasing: frame[at..<at + size])
      let room = min(blockSize.bytes, raw.count - done)
      let out = unsafe UnsafeMutableRawBufferPointer(rebasing: raw[done..<done + room])
      guard let count = unsafe decodeBlock(block, isStored: word & storedBit != 0, to: out),
        count == room, count > 0
      else { return .malformed(.values, "block at \(at) does not decode to \(room) bytes") }
      at += size
      done += count
    }
    guard done == raw.count else {
      return .malformed(.values, "\(done) bytes decoded, \(raw.count) expected")
    }
    guard at + trailer == frame.count else {
      return .malformed(.values, "bytes behind the end mark")
    }
    return nil
  }

  private static var cut: RecordLogError.Problem {
    .malformed(.values, "a block runs past the frame")
  }

  @unsafe
  private static func decodeBlock(
    _ block: UnsafeRawBufferPointer, isStored: Bool, to out: UnsafeMutableRawBufferPointer
  ) -> Int? {
    guard isStored else { return unsafe LZ4.unpack(block, to: out) }
    guard block.count <= out.count else { return nil }
    unsafe out.copyMemory(from: block)
    return block.count
  }

  /// Block size and the bytes behind the end mark, by the frame's first seven bytes.
  @unsafe
  private static func profile(
    of frame: UnsafeRawBufferPointer
  ) -> (blockSize: BlockSize, trailer: Int)? {
    guard frame.count >= headerBytes else { return nil }
    for size in BlockSize.allCases {
      if unsafe frame.prefix(headerBytes).elementsEqual(size.frameHeader) { return (size, 0) }
      if unsafe frame.prefix(headerBytes).elementsEqual(size.checkedFrameHeader) {
        return (size, 4)
      }
    }
    return nil
  }

  @unsafe
  private static func load(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt32? {
    guard offset <= bytes.count - 4 else { return nil }
    return UInt32(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }
}

/// How many bytes are packed on their own. Larger blocks pack a little faster, smaller ones make
/// reading a single record cheaper.
public enum BlockSize: Sendable, CaseIterable {
  case kibibytes64, kibibytes256, mebibyte1, mebibytes4

  public var bytes: Int {
    switch self {
    case .kibibytes64: 64 << 10
    case .kibibytes256: 256 << 10
    case .mebibyte1: 1 << 20
    case .mebibytes4: 4 << 20
    }
  }

  /// The block descriptor byte of the LZ4 frame, and the header checks without and with a content
  /// checksum.
  private var descriptor: (code: UInt8, check: UInt8, checkWithChecksum: UInt8) {
    switch self {
    case .kibibytes64: (0x40, 0x82, 0xA7)
    case .kibibytes256: (0x50, 0xFB, 0x08)
    case .mebibyte1: (0x60, 0x51, 0x85)
    case .mebibytes4: (0x70, 0x73, 0xB9)
    }
  }

  var frameHeader: [UInt8] {
    [4, 0x22, 0x4D, 0x18, LZ4Frame.plainFlags, descriptor.code, descriptor.check]
  }

  var checkedFrameHeader: [UInt8] {
    [4, 0x22, 0x4D, 0x18, LZ4Frame.checkedFlags, descriptor.code, descriptor.checkWithChecksum]
  }
}
