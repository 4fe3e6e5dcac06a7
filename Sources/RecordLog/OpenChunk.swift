/// The records that wait to become a chunk.
struct OpenChunk {
  private(set) var bytes: [UInt8] = []
  private var table = RecordTable()
  private var types: [UInt16] = []
  /// Taken as each record comes, long before anything is packed, so that it covers every step
  /// after it.
  private var checksum = Checksum()
  private(set) var largestRecord = 0
  /// Whether every record is JSON, hence ends in a line feed.
  private var isLines = true
  /// When the oldest record came.
  private(set) var opened: ContinuousClock.Instant?

  var isEmpty: Bool { table.sizes.isEmpty }
  var count: Int { table.sizes.count }

  /// Whether `more` bytes belong into a chunk of their own.
  func isFull(before more: Int, limit: Int) -> Bool {
    !isEmpty && (bytes.count + more > limit || count >= ChunkLayout.recordsLimit)
  }

  mutating func append(_ record: RawSpan, addingNewline: Bool, type: UInt16, isLine: Bool) {
    if opened == nil { opened = ContinuousClock.now }
    let start = bytes.count
    unsafe record.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    if addingNewline { bytes.append(newline) }
    var checksum = self.checksum
    checksum.add(bytes.rawSpan.extracting(droppingFirst: start))
    self.checksum = checksum
    table.sizes.append(UInt32(bytes.count - start))
    types.append(type)
    largestRecord = max(largestRecord, bytes.count - start)
    isLines = isLines && isLine
  }

  /// The chunk's body, and what it says about it in `header`.
  func pack(
    into header: inout ChunkHeader, blockSize: BlockSize
  ) -> (table: [UInt8], values: [UInt8]) {
    let isMixed = types.contains { $0 != types[0] }
    header.type = isMixed ? ChunkLayout.mixedTypes : types.first ?? 0
    header.recordCount = UInt32(count)
    header.valuesRaw = UInt32(bytes.count)
    header.rawChecksum = checksum.masked
    if isLines { header.flags.insert(.newline) }
    let table = RecordTable(sizes: table.sizes, types: isMixed ? types : []).encoded()
    var values: [UInt8] = []
    if !bytes.isEmpty {
      header.codec = 1
      unsafe bytes.withUnsafeBytes {
        unsafe LZ4Frame.encode($0, blockSize: blockSize, into: &values)
      }
    }
    return (table, values)
  }

  /// Forgets the records and keeps the memory.
  mutating func clear() {
    bytes.removeAll(keepingCapacity: true)
    table.sizes.removeAll(keepingCapacity: true)
    types.removeAll(keepingCapacity: true)
    checksum = Checksum()
    largestRecord = 0
    isLines = true
    opened = nil
  }
}

let newline = UInt8(ascii: "\n")
