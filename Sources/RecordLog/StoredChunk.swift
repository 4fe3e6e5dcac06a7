import Bytes

/// A DATA chunk as it is stored: what one log can hand to another without unpacking it.
public struct StoredChunk: Sendable {
  public let header: ChunkHeader
  /// Table, pad and values, whose checksums are those of the header.
  let body: [UInt8]
  let table: RecordTable

  public var count: Int { Int(header.recordCount) }

  /// The types that occur in it.
  public var types: Set<UInt16> { table.types.isEmpty ? [header.type] : Set(table.types) }

  /// How many records there are of each type.
  public var countsByType: [UInt16: Int] {
    guard !table.types.isEmpty else { return [header.type: count] }
    return table.types.reduce(into: [:]) { $0[$1, default: 0] += 1 }
  }

  var largestRecord: UInt32 { table.sizes.max() ?? 0 }

  /// Decodes the values and compares them with their checksum.
  public func decoded() throws(RecordLogError.Problem) -> RecordChunk {
    let frame = body.count - Int(header.valuesStored)
    var raw: [UInt8] = []
    var checksum = Checksum()
    try unsafe body.rawSpan.withUnsafeBytes { (body) throws(RecordLogError.Problem) in
      guard frame < body.count else { return }
      raw.resize(to: Int(header.valuesRaw))
      let values = unsafe UnsafeRawBufferPointer(rebasing: body[frame...])
      checksum = try LZ4Frame.decode(unsafe StoredBytes(values, name: "a chunk"), into: &raw)
    }
    guard checksum.masked == header.rawChecksum else {
      throw .checksum(of: .decoded, stored: header.rawChecksum, computed: checksum.masked)
    }
    return RecordChunk(header, table: table, bytes: raw)
  }

  /// Compares what is in hand with the header once more, after it went through memory.
  func check() throws(RecordLogError.Problem) {
    let values = body.count - Int(header.valuesStored)
    try StoredChunk.match(
      .table, header.tableChecksum, body.rawSpan.extracting(first: values))
    try StoredChunk.match(
      .values, header.valuesChecksum, body.rawSpan.extracting(droppingFirst: values))
  }

  private static func match(
    _ part: RecordLogError.Part, _ stored: UInt32, _ bytes: RawSpan
  ) throws(RecordLogError.Problem) {
    let computed = Checksum.masked(bytes)
    guard stored == computed else {
      throw .checksum(of: part, stored: stored, computed: computed)
    }
  }
}

/// What one log can hand to another as it is stored.
public enum StoredItem: Sendable {
  case chunk(StoredChunk)
  case barrier(Barrier)
}

extension RecordLogReader {
  /// The next DATA chunk as it is stored, verified as deep as asked, and its checksums compared with
  /// the bytes that are returned. After ``next()`` this leaves out the rest of the chunk that the last
  /// record came from.
  public func nextStoredChunk(
    verifying depth: Depth = .stored
  ) throws(RecordLogError) -> StoredChunk? {
    while let item = try nextStoredItem(verifying: depth) {
      if case .chunk(let chunk) = item { return chunk }
    }
    return nil
  }

  /// The same, or the barrier in front of it.
  public func nextStoredItem(
    verifying depth: Depth = .stored
  ) throws(RecordLogError) -> StoredItem? {
    input.keepBytes()
    while let header = try nextHeader(verifying: max(depth, .stored)) {
      if header.isBarrier, let lastBarrier { return .barrier(lastBarrier) }
      guard header.kind == .data else { continue }
      do throws(RecordLogError.Problem) { return .chunk(try stored(header)) } catch {
        throw walk.failure(error)
      }
    }
    return nil
  }

  /// When the chunk that went by last was written, in microseconds since 1970.
  public var lastTime: UInt64 { walk.chain.lastTime }

  /// The chunk that went by last.
  private func stored(_ header: ChunkHeader) throws(RecordLogError.Problem) -> StoredChunk {
    let count = Int(header.length) - ChunkLayout.headerBytes
    var body: [UInt8] = []
    let got = try input.read(at: walk.place &- UInt64(count), count: count, into: &body)
    guard got == count else { throw .truncated(wanted: UInt64(count), present: UInt64(got)) }
    input.release(before: walk.place)
    let packed = body.rawSpan.extracting(first: Int(header.tableStored))
    let table = try walk.records(header, table: walk.unpackedTable(packed, of: header))
    let chunk = StoredChunk(header: header, body: body, table: table)
    try chunk.check()
    return chunk
  }
}
