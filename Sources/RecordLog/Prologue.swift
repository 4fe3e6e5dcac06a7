import Bytes

/// The 128 random-looking bits that tell one file from every other.
public struct FileID: Hashable, Sendable {
  /// The first eight bytes, repeated in every chunk header.
  public let tag: UInt64
  public let rest: UInt64

  public init(tag: UInt64, rest: UInt64) {
    self.tag = tag
    self.rest = rest
  }

  public static func random() -> FileID {
    FileID(tag: .random(in: .min ... .max), rest: .random(in: .min ... .max))
  }
}

/// The first 128 bytes of a segment.
public struct Prologue: Equatable, Sendable {
  public var minor = ChunkLayout.minor
  public var fileID: FileID
  public var logID: UInt64
  public var segment: UInt64 = 0
  public var firstSequence: UInt64 = 0
  /// Microseconds since 1970.
  public var created: UInt64
  /// The segment before this one: its tag, length and last header's checksum; 0 where unknown.
  public var previousTag: UInt64 = 0
  public var previousLength: UInt64 = 0
  public var previousHeaderChecksum: UInt32 = 0
  /// No chunk decodes to more bytes than this.
  public var largestChunk: UInt32 = 64 << 20
  /// No record has more bytes than this.
  public var largestRecord: UInt32 = 16 << 20
  public var features: UInt32 = 0
}

extension Prologue {
  func encoded() -> [UInt8] {
    var out = ByteWriter(reserving: ChunkLayout.prologueBytes)
    out.append(bytes: ChunkLayout.emptyFrame)
    out.append(ChunkLayout.skippableMagic)
    out.append(ChunkLayout.prologueSkip)
    out.append(bytes: [UInt8](repeating: 0, count: 5))
    out.append(ChunkLayout.sync)
    out.append(ChunkLayout.major)
    out.append(minor)
    out.append(UInt32(ChunkLayout.headerBytes))
    for value in [
      fileID.tag, fileID.rest, logID, segment, firstSequence, created, previousTag, previousLength,
    ] {
      out.append(value)
    }
    for value in [previousHeaderChecksum, largestChunk, largestRecord, features, 0] {
      out.append(value)
    }
    out.append(Checksum.masked(out.bytes.rawSpan))
    return out.bytes
  }

  /// Reads a prologue; everything about it is checked.
  init(decoding bytes: RawSpan) throws(RecordLogError.Problem) {
    guard bytes.byteCount >= ChunkLayout.prologueBytes else {
      throw .truncated(
        wanted: UInt64(ChunkLayout.prologueBytes), present: UInt64(bytes.byteCount))
    }
    do throws(OutOfBytes) {
      try self.init(fields: bytes)
    } catch {
      throw .truncated(wanted: UInt64(error.wanted), present: UInt64(error.remaining))
    }
    try Prologue.check(bytes, against: self)
  }

  private init(fields bytes: RawSpan) throws(OutOfBytes) {
    var reader = ByteReader(bytes)
    try reader.seek(to: 34)
    minor = try reader.next()
    try reader.skip(4)
    fileID = FileID(tag: try reader.next(), rest: try reader.next())
    logID = try reader.next()
    segment = try reader.next()
    firstSequence = try reader.next()
    created = try reader.next()
    previousTag = try reader.next()
    previousLength = try reader.next()
    previousHeaderChecksum = try reader.next()
    largestChunk = try reader.next()
    largestRecord = try reader.next()
    features = try reader.next()
  }

  /// A prologue that equals what we would write for its fields has every fixed byte right.
  private static func check(
    _ bytes: RawSpan, against prologue: Prologue
  ) throws(RecordLogError.Problem) {
    let sync = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 24, as: UInt64.self)
    let start = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt32.self)
    guard UInt32(littleEndian: start) == ChunkLayout.frameMagic else { throw .notALog }
    guard UInt64(littleEndian: sync) == ChunkLayout.sync else {
      throw LineEnds.areMangled(in: bytes, at: 24) ? .textMode : .notALog
    }
    try checkChecksum(of: .prologue, in: bytes)
    let major = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 32, as: UInt16.self)
    guard UInt16(littleEndian: major) == ChunkLayout.major else {
      throw .unsupported("format version", UInt64(UInt16(littleEndian: major)))
    }
    let unknown = prologue.features & ChunkLayout.mustUnderstand
    guard unknown == 0 else { throw .unsupported("feature bits", UInt64(unknown)) }
    let canonical = prologue.encoded()
    let isCanonical = unsafe bytes.withUnsafeBytes {
      unsafe $0.prefix(128).elementsEqual(canonical)
    }
    guard isCanonical else { throw .reservedNotZero }
  }
}

/// Compares the checksum that ends the 128 bytes of a prologue or header with the bytes before it.
func checkChecksum(
  of part: RecordLogError.Part, in bytes: RawSpan
) throws(RecordLogError.Problem) {
  let end = ChunkLayout.checksumOffset
  let stored = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: end, as: UInt32.self)
  let computed = Checksum.masked(bytes.extracting(0..<end))
  guard UInt32(littleEndian: stored) == computed else {
    throw .checksum(of: part, stored: UInt32(littleEndian: stored), computed: computed)
  }
}
