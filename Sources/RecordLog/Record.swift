/// One record as it comes out of a log.
public struct Record: Equatable, Sendable {
  public var sequence: UInt64
  /// As declared in the file it came from; 0 for opaque bytes.
  public var type: UInt16
  /// Nil where the type was not declared.
  public var typeName: String?
  /// A JSON record still has its line feed.
  public var bytes: [UInt8]
  /// How far the writer had read its own input when the last record of the same chunk was
  /// appended; 0 where it did not say.
  public var cursor: UInt64
  /// Where its chunk stands, in bytes from the start of the segment.
  public var chunkOffset: UInt64

  public init(
    sequence: UInt64, type: UInt16, typeName: String? = nil, bytes: [UInt8], cursor: UInt64 = 0,
    chunkOffset: UInt64 = 0
  ) {
    self.sequence = sequence
    self.type = type
    self.typeName = typeName
    self.bytes = bytes
    self.cursor = cursor
    self.chunkOffset = chunkOffset
  }
}

/// The records of one DATA chunk, decoded.
public struct RecordChunk: Sendable {
  public let header: ChunkHeader
  /// All records back to back. Where the chunk says ``ChunkFlags/newline`` these are lines.
  public let bytes: [UInt8]
  /// Where each record ends in ``bytes``.
  public let ends: [Int]
  private let types: [UInt16]

  init(_ header: ChunkHeader, table: RecordTable, bytes: [UInt8]) {
    self.header = header
    self.bytes = bytes
    types = table.types
    ends = table.ends
  }

  public var count: Int { ends.count }

  /// Where record `index` of the chunk lies in ``bytes``.
  public func range(_ index: Int) -> Range<Int> { (index > 0 ? ends[index - 1] : 0)..<ends[index] }

  /// The bytes of record `index`, lent.
  @_lifetime(borrow self)
  public func record(_ index: Int) -> RawSpan {
    let piece = bytes.rawSpan.extracting(range(index))
    return unsafe _overrideLifetime(piece, borrowing: self)
  }

  public func type(_ index: Int) -> UInt16 { types.isEmpty ? header.type : types[index] }

  public func sequence(_ index: Int) -> UInt64 { header.firstSequence + UInt64(index) }
}
