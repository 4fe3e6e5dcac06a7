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

  /// The memory that ``encode(_:blockSize:to:)`` needs, in bytes. The packer is fastest where it
  /// has room for the worst it could make of a block.
  static func room(for count: Int, blockSize: BlockSize) -> Int {
    let blocks = (count + blockSize.bytes - 1) / blockSize.bytes
    return headerBytes + count + 4 * (blocks + 1) + LZ4.bound(blockSize.bytes) - blockSize.bytes
  }

  /// Writes the frame of `raw` to the front of `out` and returns its length.
  @unsafe
  static func encode(
    _ raw: UnsafeRawBufferPointer, blockSize: BlockSize, to out: UnsafeMutableRawBufferPointer
  ) -> Int {
    unsafe out.copyBytes(from: blockSize.frameHeader)
    var at = headerBytes
    var start = 0
    while start < raw.count {
      let end = min(start + blockSize.bytes, raw.count)
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: out[at...])
      at += unsafe encodeBlock(UnsafeRawBufferPointer(rebasing: raw[start..<end]), to: rest)
      start = end
    }
    unsafe store(0, to: out, at: at)
    return at + 4
  }

  @unsafe
  private static func encodeBlock(
    _ raw: UnsafeRawBufferPointer, to out: UnsafeMutableRawBufferPointer
  ) -> Int {
    let room = unsafe UnsafeMutableRawBufferPointer(rebasing: out[4...])
    let packed = unsafe LZ4.pack(raw, to: room)
    // A block that does not shrink is stored as it is.
    guard packed == 0 || packed >= raw.count else {
      unsafe store(UInt32(packed), to: out, at: 0)
      return 4 + packed
    }
    unsafe room.copyMemory(from: raw)
    unsafe store(UInt32(raw.count) | storedBit, to: out, at: 0)
    return 4 + raw.count
  }

  @unsafe
  private static func store(_ value: UInt32, to out: UnsafeMutableRawBufferPointer, at place: Int) {
    unsafe out.storeBytes(of: value.littleEndian, toByteOffset: place, as: UInt32.self)
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
