import Bytes

/// What one DATA chunk is, as INDEX says it: 40 bytes.
struct IndexEntry: Equatable {
  var offset: UInt64
  var firstSequence: UInt64
  var recordCount: UInt32
  var length: UInt32
  var valuesRaw: UInt32
  var headerChecksum: UInt32
  var type: UInt16
  var flags: UInt16

  init(_ header: ChunkHeader) {
    offset = header.offset
    firstSequence = header.firstSequence
    recordCount = header.recordCount
    length = UInt32(truncatingIfNeeded: header.length)
    valuesRaw = header.valuesRaw
    headerChecksum = header.checksum
    type = header.type
    flags = header.flags.rawValue
  }

  init(_ reader: inout ByteReader) throws(OutOfBytes) {
    offset = try reader.next()
    firstSequence = try reader.next()
    recordCount = try reader.next()
    length = try reader.next()
    valuesRaw = try reader.next()
    headerChecksum = try reader.next()
    type = try reader.next()
    flags = try reader.next()
    try reader.skip(4)
  }

  func encoded() -> [UInt8] {
    var out = ByteWriter(reserving: ChunkLayout.indexEntryBytes)
    out.append(offset)
    out.append(firstSequence)
    for value in [recordCount, length, valuesRaw, headerChecksum] { out.append(value) }
    out.append(type)
    out.append(flags)
    out.append(UInt32(0))
    return out.bytes
  }
}

/// What a sealed segment says of itself at its end.
public struct SegmentSummary: Equatable, Sendable {
  /// 0 where there is no INDEX.
  public var indexOffset: UInt64 = 0
  public var indexLength: UInt32 = 0
  public var indexHeaderChecksum: UInt32 = 0
  public var dataChunks: UInt64 = 0
  public var records: UInt64 = 0
  /// Of all records.
  public var rawBytes: UInt64 = 0
  /// Of all DATA chunks, headers and all.
  public var storedBytes: UInt64 = 0
  public var firstSequence: UInt64 = 0
  public var nextSequence: UInt64 = 0
  /// Microseconds since 1970, of the first and last DATA chunk; 0 where there is none.
  public var earliest: UInt64 = 0
  public var latest: UInt64 = 0
  /// SHA-256 of all chunk headers before the seal.
  public var fingerprint: [UInt8] = []
  public var largestRecord: UInt32 = 0
  public var largestChunk: UInt32 = 0

  public init() {}
}

extension SegmentSummary {
  mutating func count(_ header: ChunkHeader) {
    earliest = dataChunks == 0 ? header.time : min(earliest, header.time)
    latest = max(latest, header.time)
    dataChunks += 1
    records &+= UInt64(header.recordCount)
    rawBytes &+= UInt64(header.valuesRaw)
    storedBytes &+= header.length
    largestChunk = max(largestChunk, header.valuesRaw)
  }

  func encoded() -> [UInt8] {
    var out = ByteWriter(reserving: ChunkLayout.sealBodyBytes)
    out.append(indexOffset)
    out.append(indexLength)
    out.append(indexHeaderChecksum)
    for value in [
      dataChunks, records, rawBytes, storedBytes, firstSequence, nextSequence, earliest, latest,
    ] {
      out.append(value)
    }
    out.append(bytes: fingerprint)
    out.append(largestRecord)
    out.append(largestChunk)
    out.append(ChunkLayout.endMark)
    return out.bytes
  }

  init(decoding bytes: RawSpan) throws(RecordLogError.Problem) {
    let endMark: UInt64
    do throws(OutOfBytes) {
      var reader = ByteReader(bytes)
      indexOffset = try reader.next()
      indexLength = try reader.next()
      indexHeaderChecksum = try reader.next()
      dataChunks = try reader.next()
      records = try reader.next()
      rawBytes = try reader.next()
      storedBytes = try reader.next()
      firstSequence = try reader.next()
      nextSequence = try reader.next()
      earliest = try reader.next()
      latest = try reader.next()
      fingerprint = try reader.next(count: Fingerprint.byteCount)
      largestRecord = try reader.next()
      largestChunk = try reader.next()
      endMark = try reader.next()
    } catch {
      throw .truncated(wanted: UInt64(ChunkLayout.sealBodyBytes), present: UInt64(bytes.byteCount))
    }
    guard endMark == ChunkLayout.endMark, bytes.byteCount == ChunkLayout.sealBodyBytes else {
      throw .malformed(.seal, "no end mark in its last bytes")
    }
  }
}
