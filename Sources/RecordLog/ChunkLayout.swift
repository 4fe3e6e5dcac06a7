/// Every number of the format. `RecordLog.docc/Format.md` says the same in prose; in code the
/// numbers are written down here and nowhere else. All integers are little-endian.
///
///     prologue | META | DATA … MARK … DATA | INDEX | SEAL        each at a multiple of 128 bytes
///     chunk =  header (128) | table | pad | values (one LZ4 frame)
enum ChunkLayout {
  static let alignment = 128
  static let headerBytes = 128
  static let prologueBytes = 128
  /// What the skip size of an LZ4 skippable frame does not count: its magic and itself.
  static let skipPrefix = 8
  /// The skip size of a chunk without table and pad.
  static let emptySkip = headerBytes - skipPrefix
  /// Both the prologue and the header end in a checksum of all bytes before it.
  static let checksumOffset = 124

  static let major: UInt16 = 1
  static let minor: UInt16 = 0
  static let headerVersion: UInt8 = 1

  /// An LZ4 frame without a block: makes other programs see the file for the LZ4 stream it is.
  static let emptyFrame: [UInt8] = [4, 0x22, 0x4D, 0x18, 0x60, 0x40, 0x82, 0, 0, 0, 0]
  static let skippableMagic: UInt32 = 0x184D_2A57
  static let frameMagic: UInt32 = 0x184D_2204
  static let prologueSkip: UInt32 = 109
  /// The bytes `C1 52 4C 47 0D 0A 1A 9E`; like PNG's, they show a transfer in text mode.
  static let sync: UInt64 = 0x9E1A_0A0D_474C_52C1
  /// The last eight bytes of a sealed segment, `9E 52 4C 47 45 4E 44 0A`.
  static let endMark: UInt64 = 0x0A44_4E45_474C_529E

  /// The low half of the feature bits must be understood, and this version knows none.
  static let mustUnderstand: UInt32 = 0xFFFF
  static let firstIgnorableKind: UInt8 = 0x80
  static let knownFlags: UInt16 = 0x000F
  static let mixedTypes: UInt16 = .max

  // No chunk goes beyond these, whatever a prologue promises or a reader allows.
  static let chunkLimit = 1 << 31
  static let rawLimit = 1 << 30
  static let recordsLimit = 1 << 20
  static let tableLimit = 16 << 20
  static let metaLimit = 1 << 20
  static let indexLimit = 1 << 30
  static let padLimit = 65_535
  static let typesLimit = 4096
  /// LZ4 cannot unpack a byte into more than this many.
  static let greatestExpansion = 255
  /// By how much a frame can be longer than what it decodes to: its last block may be stored as a
  /// full one of 4 MiB, and the blocks of the longest frame have 64 KiB of sizes before them.
  static let frameSlack = 5 << 20

  static let indexEntryBytes = 40
  static let sealBodyBytes = 128
  static let sealBytes = headerBytes + sealBodyBytes
  /// What stands in the table of a MARK behind the first barrier.
  static let barrierBytes = 8

  /// What a commit rounds up to, so that a later append rewrites no sector of acknowledged bytes.
  static let commitAlignment = 4096
  /// How many bytes are asked of an input that cannot say how much it has.
  static let inputStep = 64 << 10
}

/// What a chunk is for. Kinds from 0x80 on are passed over by readers that do not know them.
public enum ChunkKind: UInt8, Sendable, CaseIterable {
  case meta = 1
  case data, index, seal, mark, abort
}

public struct ChunkFlags: OptionSet, Hashable, Sendable {
  public let rawValue: UInt16
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The table is one LZ4 block.
  public static let packedTable = ChunkFlags(rawValue: 1)
  /// Every JSON record ends in a line feed.
  public static let newline = ChunkFlags(rawValue: 2)
  public static let barrier = ChunkFlags(rawValue: 4)
  /// The first chunk since the log was opened for writing.
  public static let sessionStart = ChunkFlags(rawValue: 8)
  /// Of a seal: the log was to go on with another segment. May be ignored.
  public static let continues = ChunkFlags(rawValue: 0x0100)
}
