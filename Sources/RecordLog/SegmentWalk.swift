import Bytes
import Foundation

/// Goes through a segment chunk by chunk: reads, checks, and only then takes in.
struct SegmentWalk {
  let input: LogInput
  let limits: ReadLimits
  var chain: SegmentChain
  private(set) var description: LogDescription?
  /// Those that were passed.
  private(set) var barriers: LogBarriers?
  /// The header that was read last, and its bytes.
  private(set) var current: ChunkHeader?
  private var headerBytes: [UInt8] = []
  private var body: [UInt8] = []
  /// Of the DATA chunk whose table was read last.
  private(set) var records = RecordTable()
  private var block: [UInt8] = []

  /// Reads the prologue at `base`.
  init(_ input: LogInput, at base: UInt64 = 0, limits: ReadLimits) throws(RecordLogError) {
    do throws(RecordLogError.Problem) {
      var bytes: [UInt8] = []
      let count = try input.read(at: base, count: ChunkLayout.prologueBytes, into: &bytes)
      let prologue = try Prologue(decoding: bytes.rawSpan.extracting(first: count))
      self.init(input, prologue: prologue, at: base, limits: limits)
    } catch {
      throw RecordLogError(error, path: input.name, offset: base)
    }
  }

  init(_ input: LogInput, prologue: Prologue, at base: UInt64, limits: ReadLimits) {
    self.input = input
    self.limits = limits
    chain = SegmentChain(prologue, base: base)
  }

  /// Where the next chunk stands in the input.
  var place: UInt64 { chain.base &+ chain.offset }

  /// Where a chunk of the segment stands in the input.
  private func place(of header: ChunkHeader) -> UInt64 { chain.base &+ header.offset }

  func failure(_ problem: RecordLogError.Problem) -> RecordLogError {
    RecordLogError(
      problem, path: input.name, offset: place, chunk: chain.chunkIndex,
      sequence: chain.nextSequence)
  }

  func failure(_ problem: RecordLogError.Problem, at header: ChunkHeader) -> RecordLogError {
    RecordLogError(
      problem, path: input.name, offset: place(of: header), chunk: header.chunkIndex,
      sequence: header.firstSequence)
  }

  /// The next chunk's header with everything about it checked; nil where the input ends.
  mutating func readHeader() throws(RecordLogError.Problem) -> ChunkHeader? {
    current = nil
    let count = try input.read(
      at: place, count: ChunkLayout.headerBytes, into: &headerBytes)
    guard count > 0 else { return nil }
    let header = try ChunkHeader(
      decoding: headerBytes.rawSpan.extracting(first: count), tag: chain.prologue.fileID.tag,
      offset: chain.offset)
    try header.checkLengths(
      limits: limits, prologue: chain.prologue, room: input.byteCount.map { $0 - min($0, place) })
    try chain.check(header)
    current = header
    return header
  }

  /// Goes behind the chunk whose header was read last.
  mutating func accept() {
    guard let header = current else { return }
    let encoded = headerBytes
    chain.accept(header, encoded: encoded.rawSpan.extracting(first: ChunkLayout.headerBytes))
    current = nil
  }

  /// Knows from elsewhere what the segment says of itself.
  mutating func adopt(_ description: LogDescription?) {
    self.description = description ?? self.description
  }

  /// Hops over the headers behind `header`, and leaves this walk as it is.
  func scout(behind header: ChunkHeader) -> SegmentWalk {
    var scout = SegmentWalk(input, prologue: chain.prologue, at: chain.base, limits: limits)
    scout.jump(to: header.offset + header.length)
    return scout
  }

  /// Goes back to the first chunk. What the segment says of itself stays known.
  mutating func rewind() {
    current = nil
    chain = SegmentChain(chain.prologue, base: chain.base)
  }

  /// Goes on at a chunk elsewhere.
  mutating func jump(to offset: UInt64) { chain.jump(to: offset) }

  /// Goes on behind damage.
  mutating func resume(at stray: StrayHeader) {
    current = nil
    chain.resume(at: stray)
  }

  /// Passes over bytes that are no part of the segment.
  mutating func displace(by count: UInt64) {
    current = nil
    chain.displace(by: count)
  }

  mutating func noteLargestRecord(_ bytes: UInt32) { chain.noteLargestRecord(bytes) }

  /// The table of a chunk, checked and unpacked.
  mutating func readTable(_ header: ChunkHeader) throws(RecordLogError.Problem) -> [UInt8] {
    try fetchTable(header)
    return try unpackedTable(body.rawSpan.extracting(first: Int(header.tableStored)), of: header)
  }

  /// A table as records and index are read from it.
  func unpackedTable(
    _ table: RawSpan, of header: ChunkHeader
  ) throws(RecordLogError.Problem) -> [UInt8] {
    guard header.flags.contains(.packedTable) else {
      return unsafe table.withUnsafeBytes { unsafe [UInt8]($0) }
    }
    return try unpacked(table, to: Int(header.tableRaw))
  }

  /// Reads the table of a DATA chunk into ``records``.
  mutating func readRecords(_ header: ChunkHeader) throws(RecordLogError.Problem) {
    guard !header.flags.contains(.packedTable) else {
      records = try self.records(header, table: readTable(header))
      return
    }
    try fetchTable(header)
    let body = self.body
    try records.decode(
      body.rawSpan.extracting(first: Int(header.tableStored)), for: header,
      prologue: chain.prologue, limits: limits)
  }

  /// Brings a chunk's table to the front of ``body`` and checks it.
  private mutating func fetchTable(_ header: ChunkHeader) throws(RecordLogError.Problem) {
    let stored = Int(header.tableStored) + header.padBytes
    let start = place(of: header) + UInt64(ChunkLayout.headerBytes)
    let got = try input.read(at: start, count: stored, into: &body)
    guard got == stored else {
      throw .truncated(wanted: UInt64(stored), present: UInt64(got))
    }
    try Self.match(
      .table, stored: header.tableChecksum, Checksum(body.rawSpan.extracting(first: stored)))
  }

  private func unpacked(
    _ table: RawSpan, to count: Int
  ) throws(RecordLogError.Problem) -> [UInt8] {
    let raw = unsafe [UInt8](unsafeUninitializedCapacity: count) { room, filled in
      filled = unsafe table.withUnsafeBytes { packed in
        unsafe LZ4.unpack(
          packed, to: .init(rebasing: UnsafeMutableRawBufferPointer(room)[..<count])) ?? 0
      }
    }
    guard raw.count == count else { throw .malformed(.table, "does not unpack to \(count) bytes") }
    return raw
  }

  /// Checks the stored values without decoding them.
  mutating func verifyValues(_ header: ChunkHeader) throws(RecordLogError.Problem) {
    try Self.verifyValues(header, at: place(of: header), of: input, copiedInto: &body)
  }

  /// The decoded values of a chunk.
  mutating func decodeValues(_ header: ChunkHeader) throws(RecordLogError.Problem) -> [UInt8] {
    var raw: [UInt8] = []
    try decodeValues(header, into: &raw)
    return raw
  }

  /// The same in place of what `raw` holds, in its memory.
  mutating func decodeValues(
    _ header: ChunkHeader, into raw: inout [UInt8]
  ) throws(RecordLogError.Problem) {
    try Self.decodeValues(
      header, at: place(of: header), of: input, into: &raw, copiedInto: &body)
  }

  /// Checks the stored values of the chunk at `place`, any chunk of a mapped input.
  static func verifyValues(
    _ header: ChunkHeader, at place: UInt64, of input: LogInput
  ) throws(RecordLogError.Problem) {
    var unused: [UInt8] = []
    try verifyValues(header, at: place, of: input, copiedInto: &unused)
  }

  /// Decodes the values of the chunk at `place`, any chunk of a mapped input.
  static func decodeValues(
    _ header: ChunkHeader, at place: UInt64, of input: LogInput, into raw: inout [UInt8]
  ) throws(RecordLogError.Problem) {
    var unused: [UInt8] = []
    try decodeValues(header, at: place, of: input, into: &raw, copiedInto: &unused)
  }

  private static func verifyValues(
    _ header: ChunkHeader, at place: UInt64, of input: LogInput, copiedInto buffer: inout [UInt8]
  ) throws(RecordLogError.Problem) {
    try withValues(header, at: place, of: input, copiedInto: &buffer) { _ in }
  }

  private static func decodeValues(
    _ header: ChunkHeader, at place: UInt64, of input: LogInput, into raw: inout [UInt8],
    copiedInto buffer: inout [UInt8]
  ) throws(RecordLogError.Problem) {
    var checksum = Checksum()
    try withValues(header, at: place, of: input, copiedInto: &buffer) {
      (frame) throws(RecordLogError.Problem) in
      raw.resize(to: Int(header.valuesRaw))
      guard frame.count > 0 else { return }
      checksum = try LZ4Frame.decode(frame, into: &raw)
    }
    try match(.decoded, stored: header.rawChecksum, checksum)
  }

  /// The decoded bytes in `range` of a chunk whose stored values were verified before.
  ///
  /// Only the blocks that they lie in are decoded, and the last one no further than needed.
  mutating func decode(
    _ range: Range<Int>, of header: ChunkHeader
  ) throws(RecordLogError.Problem) -> [UInt8] {
    var bytes: [UInt8] = []
    var block = self.block
    self.block = []
    try Self.withValues(
      header, at: place(of: header), of: input, copiedInto: &body, isVerified: true
    ) { (frame) throws(RecordLogError.Problem) in
      // A chunk of empty records has no frame.
      guard !range.isEmpty else { return }
      try LZ4Frame.decode(range, of: frame, rawCount: Int(header.valuesRaw), by: &block, to: &bytes)
    }
    self.block = block
    return bytes
  }

  /// Lends the stored values of the chunk at `place`.
  private static func withValues(
    _ header: ChunkHeader, at place: UInt64, of input: LogInput, copiedInto buffer: inout [UInt8],
    isVerified: Bool = false, _ use: (StoredBytes) throws(RecordLogError.Problem) -> Void
  ) throws(RecordLogError.Problem) {
    let stored = Int(header.valuesStored)
    try input.withBytes(
      at: place + header.length - UInt64(stored), count: stored, copiedInto: &buffer
    ) { (values) throws(RecordLogError.Problem) in
      if !isVerified { try match(.values, stored: header.valuesChecksum, values.checksum()) }
      try use(values)
    }
  }

  private static func match(
    _ part: RecordLogError.Part, stored: UInt32, _ computed: Checksum
  ) throws(RecordLogError.Problem) {
    guard stored == computed.masked else {
      throw .checksum(of: part, stored: stored, computed: computed.masked)
    }
  }

  /// Sizes and types of the records of a DATA chunk.
  func records(
    _ header: ChunkHeader, table: [UInt8]
  ) throws(RecordLogError.Problem) -> RecordTable {
    try RecordTable(
      decoding: table.rawSpan, for: header, prologue: chain.prologue, limits: limits)
  }

  mutating func describe(_ table: [UInt8]) throws(RecordLogError.Problem) {
    description = try LogDescription(decoding: table.rawSpan)
  }

  var lastBarrier: Barrier? { barriers?.last }

  /// Notes the barrier that stands at a MARK, if one does.
  mutating func pass(_ mark: ChunkHeader, _ table: [UInt8]) throws(RecordLogError.Problem) {
    guard let barrier = try Barrier(mark, table: table) else { return }
    barriers = .adding(barrier, to: barriers)
  }

  mutating func readReason(_ header: ChunkHeader) throws(RecordLogError.Problem) -> String {
    let table = try readTable(header)
    let json = try? JSONDecoder().decode([String: String].self, from: Data(table))
    return json?["error"] ?? "no reason given"
  }

  /// Checks a chunk of a kind that may be passed over.
  mutating func verifyUnknown(_ header: ChunkHeader) throws(RecordLogError.Problem) {
    try fetchTable(header)
    try verifyValues(header)
  }
}

// MARK: Ends and what they hold

extension SegmentWalk {
  /// The seal in the file's last bytes, and its header; nil where the file has none, or holds more
  /// than this one segment.
  func sealAtEnd() -> (SegmentSummary, ChunkHeader)? {
    guard let end = input.byteCount, end % UInt64(ChunkLayout.alignment) == 0,
      end >= UInt64(ChunkLayout.prologueBytes + ChunkLayout.sealBytes)
    else { return nil }
    var probe = self
    probe.jump(to: end - UInt64(ChunkLayout.sealBytes))
    guard let header = try? probe.readHeader(), header.kind == .seal,
      let table = try? probe.readTable(header),
      let summary = try? SegmentSummary(decoding: table.rawSpan)
    else { return nil }
    return (summary, header)
  }

  /// The entries of the INDEX that `summary` points to.
  func readIndex(_ summary: SegmentSummary) throws(RecordLogError.Problem) -> [IndexEntry] {
    guard summary.indexOffset > 0 else { return [] }
    var probe = self
    probe.jump(to: summary.indexOffset)
    guard let header = try probe.readHeader(), header.kind == .index,
      header.checksum == summary.indexHeaderChecksum
    else { throw .contradiction(.seal, "no index where it says") }
    let table = try probe.readTable(header)
    let count = table.count / ChunkLayout.indexEntryBytes
    guard count * ChunkLayout.indexEntryBytes == table.count, UInt64(count) == summary.dataChunks
    else { throw .malformed(.index, "\(table.count) bytes for \(summary.dataChunks) chunks") }
    return try entries(count, in: table.rawSpan, below: summary.indexOffset)
  }

  /// The last META chunk that the file has, looked for where the index lists no records; nil where
  /// there is none. Ids are never used again, so that it describes the first record, too. And the
  /// barriers.
  func lastSaid(
    beside entries: [IndexEntry], before end: UInt64
  ) -> (description: LogDescription?, barriers: LogBarriers?) {
    var probe = SegmentWalk(input, prologue: chain.prologue, at: chain.base, limits: limits)
    var start = UInt64(ChunkLayout.prologueBytes)
    for entry in entries {
      probe.describe(chunksIn: start..<max(start, entry.offset))
      start = entry.offset &+ UInt64(entry.length)
    }
    probe.describe(chunksIn: start..<max(start, end))
    return (probe.description, probe.barriers)
  }

  /// Takes in the META chunks and barriers in `range`, as far as its chunks can be read.
  private mutating func describe(chunksIn range: Range<UInt64>) {
    guard !range.isEmpty else { return }
    chain.jump(to: range.lowerBound)
    while chain.offset < range.upperBound, let header = try? readHeader() {
      if header.kind == .meta, let table = try? readTable(header) { try? describe(table) }
      if header.isBarrier, let table = try? readTable(header) { try? pass(header, table) }
      accept()
    }
  }

  private func entries(
    _ count: Int, in table: RawSpan, below end: UInt64
  ) throws(RecordLogError.Problem) -> [IndexEntry] {
    var reader = ByteReader(table)
    var entries: [IndexEntry] = []
    entries.reserveCapacity(count)
    do throws(OutOfBytes) {
      for _ in 0..<count { entries.append(try IndexEntry(&reader)) }
    } catch {
      throw .malformed(.index, "ends inside an entry")
    }
    for (entry, next) in zip(entries, entries.dropFirst()) {
      guard entry.offset < next.offset, entry.firstSequence <= next.firstSequence else {
        throw .malformed(.index, "entries out of order")
      }
    }
    guard (entries.last?.offset ?? 0) < end else {
      throw .malformed(.index, "an entry past the records")
    }
    return entries
  }

  /// What whole headers of this segment say further on: the highest durable offset promised, and
  /// whether there is a seal.
  func lookBeyond() throws(RecordLogError.Problem) -> (promised: UInt64, isSealed: Bool) {
    guard let end = input.byteCount else { return (0, false) }
    let window = 1 << 20
    var bytes: [UInt8] = []
    var promised: UInt64 = 0
    var isSealed = false
    var start = place + UInt64(ChunkLayout.alignment)
    while start < end {
      let count = try input.read(at: start, count: window, into: &bytes)
      for at in stride(from: 0, through: count - ChunkLayout.headerBytes, by: ChunkLayout.alignment)
      {
        let piece = bytes.rawSpan.extracting(at..<at + ChunkLayout.headerBytes)
        guard let header = probe(piece, at: start + UInt64(at)) else { continue }
        promised = max(promised, header.durableOffset)
        isSealed = isSealed || header.kind == .seal
      }
      if count == 0 { break }
      start += UInt64(window)
    }
    return (promised, isSealed)
  }

  private func probe(_ bytes: RawSpan, at offset: UInt64) -> ChunkHeader? {
    let sync = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt64.self)
    guard UInt64(littleEndian: sync) == ChunkLayout.sync else { return nil }
    return try? ChunkHeader(
      decoding: bytes, tag: chain.prologue.fileID.tag, offset: offset &- chain.base)
  }
}
