public import Bytes

/// The 128 bytes in front of every chunk.
public struct ChunkHeader: Equatable, Sendable {
  /// Zero bytes between table and values.
  public var padBytes = 0
  public var fileTag: UInt64 = 0
  /// Distance from the segment's prologue, in bytes.
  public var offset: UInt64 = 0
  /// Of the first record here; of the next record where the chunk has none.
  public var firstSequence: UInt64 = 0
  /// Everything below had been flushed when this chunk was formed.
  public var durableOffset: UInt64 = 0
  /// Microseconds since 1970.
  public var time: UInt64 = 0
  /// The writer's position in its own input after the last record here; 0 where not used.
  public var inputCursor: UInt64 = 0
  public var inputTag: UInt32 = 0
  public var chunkIndex: UInt32 = 0
  public var previousLength: UInt32 = 0
  public var previousHeaderChecksum: UInt32 = 0
  public var recordCount: UInt32 = 0
  public var tableStored: UInt32 = 0
  public var tableRaw: UInt32 = 0
  public var valuesStored: UInt32 = 0
  public var valuesRaw: UInt32 = 0
  public var tableChecksum: UInt32 = 0
  public var valuesChecksum: UInt32 = 0
  public var rawChecksum: UInt32 = 0
  public var kindCode: UInt8
  /// 0 none, 1 LZ4 frame.
  public var codec: UInt8 = 0
  public var type: UInt16 = 0
  public var flags: ChunkFlags = []
  public var version = ChunkLayout.headerVersion
  /// Of the encoded bytes before it; set by encoding and decoding.
  public private(set) var checksum: UInt32 = 0

  init(kind: ChunkKind) { kindCode = kind.rawValue }

  /// Nil for a kind that this version does not know.
  public var kind: ChunkKind? { ChunkKind(rawValue: kindCode) }

  /// Whether this is a MARK at which a barrier stands.
  public var isBarrier: Bool { kind == .mark && flags.contains(.barrier) }

  /// Header, table, pad and values, in bytes.
  public var length: UInt64 {
    UInt64(ChunkLayout.headerBytes) + UInt64(tableStored) + UInt64(padBytes) + UInt64(valuesStored)
  }

  /// The sequence number after the last record here.
  public var nextSequence: UInt64 { firstSequence &+ UInt64(recordCount) }
}

extension ChunkHeader {
  /// The 128 bytes; sets ``checksum``.
  mutating func encode() -> [UInt8] {
    var out = ByteWriter(reserving: ChunkLayout.headerBytes)
    out.append(ChunkLayout.skippableMagic)
    out.append(UInt32(ChunkLayout.emptySkip) + tableStored + UInt32(padBytes))
    out.append(ChunkLayout.sync)
    for value in [fileTag, offset, firstSequence, durableOffset, time, inputCursor] {
      out.append(value)
    }
    for value in [
      inputTag, chunkIndex, previousLength, previousHeaderChecksum, recordCount, tableStored,
      tableRaw, valuesStored, valuesRaw, tableChecksum, valuesChecksum, rawChecksum,
    ] {
      out.append(value)
    }
    out.append(kindCode)
    out.append(codec)
    out.append(type)
    out.append(flags.rawValue)
    out.append(version)
    out.append(bytes: [UInt8](repeating: 0, count: 5))
    checksum = Checksum.masked(out.bytes.rawSpan)
    out.append(checksum)
    return out.bytes
  }

  /// Reads a header that should belong to file `tag` and stand at `offset`.
  ///
  /// What it says of lengths is not yet believed: see ``checkLengths(limits:prologue:room:)``.
  init(decoding bytes: RawSpan, tag: UInt64, offset: UInt64) throws(RecordLogError.Problem) {
    guard bytes.byteCount >= ChunkLayout.headerBytes else {
      throw .truncated(wanted: UInt64(ChunkLayout.headerBytes), present: UInt64(bytes.byteCount))
    }
    do throws(RecordLogError.Problem) { try checkChecksum(of: .header, in: bytes) } catch {
      let isEmpty = unsafe bytes.withUnsafeBytes { unsafe $0.prefix(128).allSatisfy { $0 == 0 } }
      throw isEmpty ? .zeroes : error
    }
    self.init(kind: .mark)
    let frame: (magic: UInt32, skip: UInt32, sync: UInt64, areZeros: Bool)
    do throws(OutOfBytes) { frame = try read(bytes) } catch {
      throw .truncated(wanted: UInt64(error.wanted), present: UInt64(error.remaining))
    }
    guard frame.magic == ChunkLayout.skippableMagic, frame.sync == ChunkLayout.sync else {
      throw .notALog
    }
    guard fileTag == tag else { throw .foreignTag(fileTag) }
    guard self.offset == offset else { throw .wrongOffset(stated: self.offset) }
    guard version == ChunkLayout.headerVersion else {
      throw .unsupported("chunk header version", UInt64(version))
    }
    guard frame.areZeros else { throw .reservedNotZero }
    let pad = Int(frame.skip) - ChunkLayout.emptySkip - Int(tableStored)
    guard pad >= 0 else {
      throw .impossibleLength(
        of: .table, claimed: UInt64(tableStored), limit: UInt64(frame.skip))
    }
    padBytes = pad
    try checkMeaning()
  }

  /// Whether this version of the format knows what to make of the chunk.
  private func checkMeaning() throws(RecordLogError.Problem) {
    let isPassedOver = kindCode >= ChunkLayout.firstIgnorableKind
    guard kind != nil || isPassedOver else { throw .unsupported("chunk kind", UInt64(kindCode)) }
    let unknown = flags.rawValue & 0x00FF & ~ChunkLayout.knownFlags
    guard unknown == 0 || isPassedOver else { throw .unsupported("chunk flags", UInt64(unknown)) }
    guard codec <= 1 || isPassedOver else { throw .unsupported("codec", UInt64(codec)) }
  }

  private mutating func read(
    _ bytes: RawSpan
  ) throws(OutOfBytes) -> (magic: UInt32, skip: UInt32, sync: UInt64, areZeros: Bool) {
    var reader = ByteReader(bytes)
    let magic: UInt32 = try reader.next()
    let skip: UInt32 = try reader.next()
    let sync: UInt64 = try reader.next()
    fileTag = try reader.next()
    offset = try reader.next()
    firstSequence = try reader.next()
    durableOffset = try reader.next()
    time = try reader.next()
    inputCursor = try reader.next()
    inputTag = try reader.next()
    chunkIndex = try reader.next()
    previousLength = try reader.next()
    previousHeaderChecksum = try reader.next()
    recordCount = try reader.next()
    tableStored = try reader.next()
    tableRaw = try reader.next()
    valuesStored = try reader.next()
    valuesRaw = try reader.next()
    tableChecksum = try reader.next()
    valuesChecksum = try reader.next()
    rawChecksum = try reader.next()
    kindCode = try reader.next()
    codec = try reader.next()
    type = try reader.next()
    flags = ChunkFlags(rawValue: try reader.next())
    version = try reader.next()
    let zeros: (UInt32, UInt8) = (try reader.next(), try reader.next())
    checksum = try reader.next()
    return (magic, skip, sync, zeros == (0, 0))
  }
}

/// What a reader is ready to hold.
public struct ReadLimits: Equatable, Sendable {
  /// Decoded bytes of one chunk.
  public var chunk: ByteCount = .mebibytes(64)
  public var record: ByteCount = .mebibytes(16)

  public init() {}
}

extension ChunkHeader {
  /// Refuses lengths that cannot be true or that the reader does not want to hold.
  ///
  /// A right checksum does not make a header honest. Nothing is allocated before this passed.
  /// - Parameter room: bytes of input from the chunk's start on; nil where nobody knows.
  func checkLengths(
    limits: ReadLimits, prologue: Prologue, room: UInt64?
  ) throws(RecordLogError.Problem) {
    try below(.pad, UInt64(padBytes), UInt64(ChunkLayout.padLimit))
    try below(.chunk, length, UInt64(ChunkLayout.chunkLimit) - 1)
    guard length % UInt64(ChunkLayout.alignment) == 0 else {
      throw .malformed(.chunk, "\(length) bytes is no multiple of \(ChunkLayout.alignment)")
    }
    if let room, length > room { throw .truncated(wanted: length, present: room) }
    try checkTable()
    try checkValues(promised: UInt64(prologue.largestChunk))
    guard valuesRaw <= limits.chunk.bytes else {
      throw .tooLarge(.chunk, bytes: UInt64(valuesRaw), limit: UInt64(limits.chunk.bytes))
    }
  }

  private func checkTable() throws(RecordLogError.Problem) {
    let expansion = UInt64(ChunkLayout.greatestExpansion)
    let limit =
      switch kind {
      case .meta, .abort: ChunkLayout.metaLimit
      case .index: ChunkLayout.indexLimit
      default: ChunkLayout.tableLimit
      }
    try below(.table, UInt64(tableRaw), UInt64(limit))
    if kind == .index {
      // Every chunk that it lists stands before it.
      let entries = UInt64(tableRaw) / UInt64(ChunkLayout.indexEntryBytes)
      try below(.index, entries, offset / UInt64(ChunkLayout.headerBytes))
    }
    try below(.table, UInt64(tableRaw), UInt64(tableStored) * expansion)
    // A block of literals alone, the worst that there is.
    try below(.table, UInt64(tableStored), UInt64(tableRaw) + UInt64(tableRaw) / expansion + 16)
    guard flags.contains(.packedTable) || tableRaw == tableStored else {
      throw .malformed(.table, "\(tableStored) bytes stored for \(tableRaw), though not packed")
    }
    if kind == .data {
      try below(.records, UInt64(recordCount), UInt64(min(tableRaw, 1 << 20)))
    } else if kind != nil, recordCount > 0 {
      throw .malformed(.header, "\(recordCount) records in a chunk that is not for records")
    }
  }

  private func checkValues(promised: UInt64) throws(RecordLogError.Problem) {
    let expansion = UInt64(ChunkLayout.greatestExpansion)
    try below(.decoded, UInt64(valuesRaw), min(promised, UInt64(ChunkLayout.rawLimit)))
    try below(.decoded, UInt64(valuesRaw), UInt64(valuesStored) * expansion)
    try below(.values, UInt64(valuesStored), UInt64(valuesRaw) + UInt64(ChunkLayout.frameSlack))
    guard (codec == 0) == (valuesStored == 0) || kind == nil else {
      throw .malformed(.header, "\(valuesStored) bytes of values under codec \(codec)")
    }
    guard kind == .data || kind == nil || valuesStored == 0 else {
      throw .malformed(.header, "values in a chunk that is not for records")
    }
  }

  private func below(
    _ part: RecordLogError.Part, _ claimed: UInt64, _ limit: UInt64
  ) throws(RecordLogError.Problem) {
    guard claimed <= limit else {
      throw .impossibleLength(of: part, claimed: claimed, limit: limit)
    }
  }
}
