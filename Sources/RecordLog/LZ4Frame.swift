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
