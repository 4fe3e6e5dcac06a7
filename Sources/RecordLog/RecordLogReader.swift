import Bytes

/// What a reader makes of a log that has no good end.
public enum ReadMode: Equatable, Sendable {
  /// Everything but a seal at the end is an error, thrown before anything past it is delivered.
  case strict
  /// A torn tail and a missing seal are an end, told by ``RecordLogReader/ending``. Damage before
  /// that is still an error.
  case tailTolerant
  /// Damage is passed over and told as ``RecordLogEvent/damage(_:)``. What is delivered is right,
  /// and in rising order of sequence numbers.
  /// - Throws: where the damage exceeds the budget.
  case salvage(SalvageBudget = .init())
}

public struct ReadOptions: Equatable, Sendable {
  public var mode = ReadMode.strict
  public var limits = ReadLimits()
  /// Whether segments of different logs, or with records missing between, may follow each other.
  public var allowsMixed = false
  /// Whether sealed files are mapped; else they are read piece by piece.
  public var mapsSealedFiles = true
  /// Whether the chunks that follow in a mapped file are verified and decoded on the other cores,
  /// up to 2 MiB at once. Worth it for who reads all of a log and leaves those cores idle.
  public var usesAllCores = false
  /// How long a stream may be silent, by default for ever. A writer that is alive is heard every
  /// ``RecordLogOptions/heartbeat``, so that a few of these tell one that has nothing to say from one
  /// that hangs. (Of one that died the stream ends without a seal.)
  public var patience: Duration?

  public init(mode: ReadMode = .strict) { self.mode = mode }
}

/// How a log ended.
public enum LogEnding: Equatable, Sendable {
  case sealed
  /// The writer said why it stopped.
  case aborted(reason: String)
  /// Whole chunks up to the end of the input, and no seal: still being written, or left by its
  /// writer.
  case unsealed
  /// The last chunk is not whole.
  case torn(RecordLogError)
}

/// What comes out of a log.
public enum LogItem: Equatable, Sendable {
  case record(Record)
  case barrier(Barrier)
}

/// What a reader came across that is no reason to stop.
public enum RecordLogEvent: Equatable, Sendable {
  case tornTail(RecordLogError)
  /// The index is not used; the chunks are followed one by one.
  case indexUnusable(RecordLogError)
  /// Passed over in salvage.
  case damage(DamagedRegion)
}

/// Reads a record log from a file, a folder of segments, a pipe, or any other descriptor.
///
/// Memory stays bounded by ``ReadLimits``: one chunk, stored and decoded. Sealed files are mapped,
/// and cut or unreadable ones end in an error even then.
public final class RecordLogReader {
  /// The file or folder, or a name for the stream.
  public let path: String
  public let options: ReadOptions
  /// Nil until the end is reached.
  public internal(set) var ending: LogEnding?
  public internal(set) var events: [RecordLogEvent] = []
  /// Of the segment being read.
  public var prologue: Prologue { walk.chain.prologue }
  /// What the segment has said of itself so far: nil before its first META chunk.
  public var description: LogDescription? { walk.description }
  /// Of a sealed file, known from the start; of a stream, once the seal was read. Of a folder, the
  /// sums over all segments, where all are sealed.
  public var summary: SegmentSummary? { segments == nil ? seal : segments?.summary }
  /// The sums over what has gone by: of the segment being read, in a folder of all so far.
  public var sums: SegmentSummary {
    let current = walk.chain.currentSummary()
    return passed?.followed(by: current) ?? current
  }
  /// How many segments there are in a folder; nil for any other log.
  public var segmentCount: Int? { segments?.segments.count }
  /// How far the writer had read its own input by what has gone by; 0 where it did not say.
  public var lastCursor: UInt64 { walk.chain.lastCursor }
  public var nextSequence: UInt64 { walk.chain.nextSequence }
  /// The barrier that went by last.
  public private(set) var lastBarrier: Barrier?
  private(set) var input: LogInput
  let segments: SegmentList?
  /// Which segment of the folder is being read.
  private(set) var segment = 0
  /// The sums of the folder's segments before that one.
  private var passed: SegmentSummary?
  private(set) var seal: SegmentSummary?
  var walk: SegmentWalk
  private var chunk: RecordChunk?
  /// Memory for decoded values; what a chunk still refers to is not written on.
  private var values: [UInt8] = []
  private var ahead = ChunksAhead()
  private var recordInChunk = 0
  /// The chunk that a seek led to, verified and not decoded: most seeks want one record of it.
  private var sought: SoughtChunk?
  /// Where the chunks of a mapped file stand whose stored values were verified for a seek.
  private var verified: Set<UInt64> = []
  /// Where the seal of a file with one segment stands; 0 where there is none.
  private(set) var sealOffset: UInt64 = 0
  private var index: [IndexEntry]?
  var salvage: Salvage?
  private var isIndexUseless = false
  /// Of the segment being read, once it went by.
  private var indexHeader: ChunkHeader?
  /// Whether the sizes of all records that went by are known.
  private var sawAllTables = true

  /// Opens a file, a folder of segments, or whatever else the path leads to.
  ///
  /// Of a folder it reads the segments that are there when it is opened. That they are all there and
  /// follow one upon the other is checked at once.
  public convenience init(path: String, options: ReadOptions = .init()) throws(RecordLogError) {
    var segments: SegmentList?
    if SegmentList.isFolder(path) {
      var purpose = SegmentList.Purpose.reading
      if case .salvage = options.mode { purpose = .salvage }
      segments = try SegmentList(folder: path, limits: options.limits, for: purpose)
    }
    let file = segments?.segments.first
    guard segments == nil || file != nil else { throw RecordLogError(.notALog, path: path) }
    let input: LogInput
    do throws(FileError) {
      input = try LogInput(segment: file?.path ?? path, end: file?.end ?? .max)
    } catch {
      throw RecordLogError(.file(error), path: path)
    }
    try self.init(input, named: path, segments: segments, options: options)
  }

  /// Reads what comes out of a descriptor, which stays the caller's.
  public convenience init(
    descriptor: Int32, name: String = "stream", options: ReadOptions = .init()
  ) throws(RecordLogError) {
    let input: LogInput
    do throws(FileError) { input = try LogInput(borrowing: descriptor, name: name) } catch {
      throw RecordLogError(.file(error), path: name)
    }
    try self.init(input, named: name, segments: nil, options: options)
  }

  private init(
    _ input: LogInput, named path: String, segments: SegmentList?, options: ReadOptions
  ) throws(RecordLogError) {
    self.path = path
    self.input = input
    self.segments = segments
    self.options = options
    input.patience = options.patience
    var beginning: DamagedRegion?
    if case .salvage(let budget) = options.mode {
      input.keepBytes()
      (walk, beginning) = try Salvage.begin(input, options)
      salvage = Salvage(budget: budget)
    } else {
      walk = try SegmentWalk(input, limits: options.limits)
    }
    begin()
    for finding in segments?.findings ?? [] { try tell(finding) }
    if salvage != nil, segments != nil {
      try tellGap(before: beginning)
    } else if let beginning {
      try tell(beginning)
    }
  }

  /// Looks for the seal of the file that ``walk`` stands at the start of.
  private func begin() {
    seal = nil
    sealOffset = 0
    salvage?.index = []
    guard let (summary, header) = walk.sealAtEnd() else { return }
    seal = summary
    sealOffset = header.offset
    // An open name is a writer's, who may yet cut off a seal without an index.
    let isOpen = input.name.hasSuffix(SegmentName.openSuffix)
    if options.mapsSealedFiles, !isOpen { input.mapFile() }
    if salvage != nil { salvage?.index = (try? walk.readIndex(summary)) ?? [] }
  }
}

// MARK: Reading on

extension RecordLogReader {
  /// The next record; nil at the end, whose kind ``ending`` tells.
  public func next() throws(RecordLogError) -> Record? {
    while let item = try nextItem() {
      if case .record(let record) = item { return record }
    }
    return nil
  }

  /// The next record, or the barrier in front of it; nil at the end, whose kind ``ending`` tells.
  public func nextItem() throws(RecordLogError) -> LogItem? {
    if let record = try nextSought() { return .record(record) }
    while true {
      if let chunk, recordInChunk < chunk.count {
        defer { recordInChunk += 1 }
        return .record(record(recordInChunk, of: chunk))
      }
      guard let header = try nextHeader(verifying: .decoded) else { return nil }
      if header.isBarrier, let lastBarrier { return .barrier(lastBarrier) }
    }
  }

  private func record(_ index: Int, of chunk: RecordChunk) -> Record {
    let type = chunk.type(index)
    return record(
      chunk.sequence(index), type, Array(chunk.bytes[chunk.range(index)]), of: chunk.header)
  }

  private func record(
    _ sequence: UInt64, _ type: UInt16, _ bytes: [UInt8], of header: ChunkHeader
  ) -> Record {
    Record(
      sequence: sequence, type: type, typeName: description?.type(type)?.name, bytes: bytes,
      cursor: header.inputCursor, chunkOffset: header.offset)
  }

  /// The next DATA chunk as a whole, which is the fast way through a log. After ``next()`` this
  /// leaves out the rest of the chunk that the last record came from.
  public func nextChunk() throws(RecordLogError) -> RecordChunk? {
    while let header = try nextHeader(verifying: .decoded) {
      if header.kind == .data { return chunk.take() }
    }
    return nil
  }

  /// The next chunk's header, whatever its kind, and its body verified as deep as asked. Of a
  /// stream everything that goes by is verified.
  public func nextHeader(verifying depth: Depth = .headers) throws(RecordLogError) -> ChunkHeader? {
    chunk = nil
    sought = nil
    while ending == nil {
      do throws(RecordLogError.Problem) {
        if let header = try walk.readHeader() {
          try take(header, verifying: depth)
          return header
        }
      } catch {
        try stumble(over: error)
        continue
      }
      try enterNextSegment()
    }
    return nil
  }

  private func take(
    _ header: ChunkHeader, verifying depth: Depth
  ) throws(RecordLogError.Problem) {
    try checkNeighbours(of: header)
    switch header.kind {
    case .data: try takeData(header, verifying: input.isSeekable ? depth : max(depth, .stored))
    case .meta: try walk.describe(walk.readTable(header))
    case .index: try takeIndex(header)
    case .seal: return try takeSeal(header)
    case .abort: throw .aborted(reason: try walk.readReason(header))
    case .mark: try takeMark(header)
    case nil: try walk.verifyUnknown(header)
    }
    walk.accept()
    noteSalvaged(header)
  }

  private func takeData(
    _ header: ChunkHeader, verifying depth: Depth
  ) throws(RecordLogError.Problem) {
    guard depth > .headers else {
      sawAllTables = false
      return
    }
    try walk.readRecords(header)
    try readValues(header, verifying: depth)
    if depth == .decoded {
      chunk = RecordChunk(header, table: walk.records, bytes: values)
      recordInChunk = 0
    }
    walk.noteLargestRecord(walk.records.largest)
  }

  /// Verifies the values and, if asked, leaves what they decode to in ``values``.
  private func readValues(
    _ header: ChunkHeader, verifying depth: Depth
  ) throws(RecordLogError.Problem) {
    if options.usesAllCores, input.isMapped, salvage == nil,
      let job = try ahead.values(of: header, in: walk, depth)
    {
      swap(&values, &job.bytes)
      return ahead.recycle(job.bytes)
    }
    guard depth == .decoded else { return try walk.verifyValues(header) }
    try walk.decodeValues(header, into: &values)
  }

  private func takeMark(_ header: ChunkHeader) throws(RecordLogError.Problem) {
    try walk.pass(header, walk.readTable(header))
    lastBarrier = walk.lastBarrier ?? lastBarrier
  }

  /// An index is a convenience: one that is wrong is an error only to who wants to know.
  private func takeIndex(_ header: ChunkHeader) throws(RecordLogError.Problem) {
    let table = try walk.readTable(header)
    indexHeader = header
    guard walk.chain.isComplete, Checksum(table.rawSpan) != walk.chain.indexChecksum else { return }
    let problem = RecordLogError.Problem.contradiction(.index, "its entries are not theirs")
    guard options.mode != .strict else { throw problem }
    events.append(.indexUnusable(walk.failure(problem)))
  }

  private func takeSeal(_ header: ChunkHeader) throws(RecordLogError.Problem) {
    let table = try walk.readTable(header)
    let seal = try SegmentSummary(decoding: table.rawSpan)
    if walk.chain.isComplete { try compare(seal) }
    self.seal = seal
    walk.accept()
    guard try !beginNextSegment() else { return }
    let isFollowed = segments != nil && (!isInLastSegment || header.flags.contains(.continues))
    if !isFollowed { ending = .sealed }
  }

  private func compare(_ seal: SegmentSummary) throws(RecordLogError.Problem) {
    var seen = walk.chain.currentSummary()
    seen.indexOffset = indexHeader?.offset ?? 0
    seen.indexLength = UInt32(truncatingIfNeeded: indexHeader?.length ?? 0)
    seen.indexHeaderChecksum = indexHeader?.checksum ?? 0
    if !sawAllTables { seen.largestRecord = seal.largestRecord }
    guard seen == seal else { throw .contradiction(.seal, "its sums are not theirs") }
  }

  /// Goes on with a segment that follows the sealed one; false where nothing follows.
  private func beginNextSegment() throws(RecordLogError.Problem) -> Bool {
    input.release(before: walk.place)
    let base = walk.place
    var bytes: [UInt8] = []
    let count = try input.read(at: base, count: ChunkLayout.prologueBytes, into: &bytes)
    guard count > 0 else { return false }
    guard let prologue = try? Prologue(decoding: bytes.rawSpan.extracting(first: count)) else {
      throw .trailingGarbage
    }
    let continues =
      prologue.logID == self.prologue.logID && prologue.firstSequence == walk.chain.nextSequence
    guard continues || options.allowsMixed || mayPassOver(to: prologue) else {
      throw .foreignSegment
    }
    begin(prologue, at: base)
    return true
  }

  func begin(_ prologue: Prologue, at base: UInt64) {
    walk = SegmentWalk(input, prologue: prologue, at: base, limits: options.limits)
    indexHeader = nil
    sawAllTables = true
  }
}

/// How deep a chunk is looked into.
public enum Depth: Int, Comparable, Sendable {
  /// The header and its place in the chain.
  case headers
  /// Also the checksums of what is stored.
  case stored
  /// Also what that decodes to.
  case decoded

  public static func < (a: Depth, b: Depth) -> Bool { a.rawValue < b.rawValue }
}

// MARK: Ends

extension RecordLogReader {
  /// Decides what a problem at the place reached means: an error, an end, or a detour.
  private func stumble(over problem: RecordLogError.Problem) throws(RecordLogError) {
    let failure = walk.failure(problem)
    guard options.mode != .strict else { throw failure }
    switch problem {
    case .unterminated: ending = .unsealed
    case .aborted(let reason): ending = .aborted(reason: reason)
    default:
      if salvage != nil { return try passOver(problem) }
      guard problem.category == .damage else { throw failure }
      if isBehindRecords {
        events.append(.indexUnusable(failure))
        walk.jump(to: sealOffset)
      } else {
        guard try isTornTail(problem) else { throw failure }
        events.append(.tornTail(failure))
        ending = .torn(failure)
      }
    }
  }

  /// Whether the place reached is the index of a file whose seal is good.
  private var isBehindRecords: Bool {
    guard let seal, sealOffset > 0, seal.indexOffset > 0 else { return false }
    return (seal.indexOffset..<sealOffset).contains(walk.chain.offset)
  }

  /// Whether nothing from here on was ever promised to be durable. In a stream only bytes that did
  /// not come are a torn tail.
  ///
  /// What is stored as its checksum says was written to its end: where that does not decode, no
  /// crash is to blame, and a writer would keep the chunk.
  func isTornTail(_ problem: RecordLogError.Problem) throws(RecordLogError) -> Bool {
    switch problem {
    case .malformed(.values, _), .checksum(of: .decoded, _, _): return false
    default: break
    }
    guard input.isSeekable else {
      if case .truncated = problem { return true }
      return false
    }
    guard sealOffset == 0, isInLastSegment else { return false }
    let beyond: (promised: UInt64, isSealed: Bool)
    do throws(RecordLogError.Problem) { beyond = try walk.lookBeyond() } catch {
      throw walk.failure(error)
    }
    return max(walk.chain.promised, beyond.promised) <= walk.chain.offset && !beyond.isSealed
  }
}

// MARK: Segments of a folder

extension RecordLogReader {
  var isInLastSegment: Bool { segment + 1 >= segments?.segments.count ?? 1 }

  /// At the end of a file: goes on with the next one, where there is one.
  func enterNextSegment() throws(RecordLogError) {
    guard !isInLastSegment else {
      if salvage != nil { try tellCutEnd() }
      return try stumble(over: .unterminated)
    }
    let current = walk.chain.currentSummary()
    passed = passed?.followed(by: current) ?? current
    if salvage != nil { return try salvageNextSegment() }
    try enter(segment: segment + 1)
  }

  /// Goes to the start of a segment, whichever is being read.
  /// - Returns: what of its beginning salvage passed over.
  @discardableResult
  func enter(segment number: Int) throws(RecordLogError) -> DamagedRegion? {
    guard let file = segments?.segments[number] else { return nil }
    do throws(FileError) { input = try LogInput(segment: file.path, end: file.end) } catch {
      throw RecordLogError(.file(error), path: file.path)
    }
    segment = number
    index = nil
    isIndexUseless = false
    verified = []
    let damage = try startOver()
    forget()
    begin()
    return damage
  }
}

// MARK: Seeking

/// A chunk of which one record is wanted at first.
private struct SoughtChunk {
  let header: ChunkHeader
  /// Whether a record was decoded alone: any more come with the whole chunk.
  var wasRead = false
}

extension RecordLogReader {
  /// Makes ``next()`` deliver record `target`, or the end where that is the number after the last.
  ///
  /// A sealed file is searched by its index, and of the chunk found only the blocks that the record
  /// lies in are decoded. Other files are searched from header to header; in a folder, that one
  /// which holds the record. A stream is read forward.
  public func seek(toSequence target: UInt64) throws(RecordLogError) {
    guard !isInChunk(target) else { return }
    if let wanted = segments?.index(of: target), wanted != segment { try enter(segment: wanted) }
    let isAhead = target >= walk.chain.nextSequence && ending == nil
    if !isAhead { try restart() }
    guard target >= walk.chain.nextSequence else { throw failure(.noSuchRecord, target) }
    if let entry = try indexEntry(of: target) {
      walk.jump(to: entry.offset)
      if let header = try header(of: entry) {
        guard target < header.nextSequence, salvage == nil else { return try hop(to: target) }
        return try take(header, for: target)
      }
      try restart()
    }
    try hop(to: target)
  }

  private func failure(_ problem: RecordLogError.Problem, _ sequence: UInt64) -> RecordLogError {
    RecordLogError(problem, path: path, sequence: sequence)
  }

  private func isInChunk(_ target: UInt64) -> Bool {
    guard let header = chunk?.header ?? sought?.header,
      (header.firstSequence..<header.nextSequence).contains(target)
    else { return false }
    recordInChunk = Int(target - header.firstSequence)
    sought?.wasRead = true
    return true
  }

  private func restart() throws(RecordLogError) {
    guard input.isSeekable else { throw failure(.cannotSeek, walk.chain.nextSequence) }
    forget()
    guard salvage != nil || walk.chain.base > 0 else { return walk.rewind() }
    let description = walk.description
    try startOver()
    walk.adopt(description)
  }

  /// - Returns: what of the segment's beginning salvage passed over.
  @discardableResult
  private func startOver() throws(RecordLogError) -> DamagedRegion? {
    guard salvage != nil else {
      walk = try SegmentWalk(input, limits: options.limits)
      return nil
    }
    let (walk, damage) = try Salvage.begin(input, options)
    self.walk = walk
    return damage
  }

  /// Nothing of the segment has gone by.
  private func forget() {
    chunk = nil
    sought = nil
    ending = nil
    indexHeader = nil
    sawAllTables = true
  }

  /// Verifies the chunk that an index entry led to, and decodes nothing of it yet.
  private func take(_ header: ChunkHeader, for target: UInt64) throws(RecordLogError) {
    do throws(RecordLogError.Problem) {
      try walk.readRecords(header)
      if !verified.contains(header.offset) {
        try walk.verifyValues(header)
        if input.isMapped { verified.insert(header.offset) }
      }
    } catch {
      throw walk.failure(error)
    }
    chunk = nil
    sought = SoughtChunk(header: header)
    recordInChunk = Int(target - header.firstSequence)
    walk.accept()
  }

  /// The record that a seek led to, alone. Where more of its chunk is wanted the whole is decoded
  /// for ``next()`` to go on with.
  private func nextSought() throws(RecordLogError) -> Record? {
    guard let header = sought?.header, recordInChunk < header.recordCount else { return nil }
    do throws(RecordLogError.Problem) {
      guard sought?.wasRead == true else {
        sought?.wasRead = true
        return try readSought(header)
      }
      try walk.readRecords(header)
      try walk.decodeValues(header, into: &values)
    } catch {
      throw walk.failure(error, at: header)
    }
    chunk = RecordChunk(header, table: walk.records, bytes: values)
    sought = nil
    return nil
  }

  private func readSought(_ header: ChunkHeader) throws(RecordLogError.Problem) -> Record {
    let index = recordInChunk
    let bytes = try walk.decode(walk.records.range(index), of: header)
    recordInChunk += 1
    let type = header.type == ChunkLayout.mixedTypes ? walk.records.types[index] : header.type
    return record(header.firstSequence + UInt64(index), type, bytes, of: header)
  }

  /// Goes forward to the chunk that holds `target`.
  private func hop(to target: UInt64) throws(RecordLogError) {
    chunk = nil
    sought = nil
    while ending == nil {
      do throws(RecordLogError.Problem) {
        if try hopOver(to: target) { return }
      } catch {
        try stumble(over: error)
      }
    }
    if target != walk.chain.nextSequence { throw failure(.noSuchRecord, target) }
  }

  /// Takes one chunk; true where it holds `target`.
  private func hopOver(to target: UInt64) throws(RecordLogError.Problem) -> Bool {
    guard let header = try walk.readHeader() else {
      if isInLastSegment { throw .unterminated }
      throw .noSuchRecord
    }
    let isThere = header.kind == .data && target < header.nextSequence
    try take(header, verifying: isThere ? .decoded : .headers)
    return isThere && isInChunk(target)
  }

  /// The index entry of the chunk that holds `target`; nil where there is no index to be used.
  private func indexEntry(of target: UInt64) throws(RecordLogError) -> IndexEntry? {
    guard sealOffset > 0, !isIndexUseless, let seal else { return nil }
    do throws(RecordLogError.Problem) {
      if index == nil {
        let entries = try walk.readIndex(seal)
        // Types may be declared anywhere in front of their first record, where a jump would pass
        // them by.
        walk.adopt(walk.lastSaid(beside: entries, before: seal.indexOffset).description)
        index = entries
      }
      let after = index?.partitioningIndex { $0.firstSequence > target } ?? 0
      return after > 0 ? index?[after - 1] : nil
    } catch {
      try dropIndex(error)
      return nil
    }
  }

  /// The header of the chunk that the walk has come to, where it is what the index says.
  private func header(of entry: IndexEntry) throws(RecordLogError) -> ChunkHeader? {
    do throws(RecordLogError.Problem) {
      guard let header = try walk.readHeader(), header.kind == .data, IndexEntry(header) == entry
      else { throw .contradiction(.index, "its entry is not that of the chunk") }
      return header
    } catch {
      try dropIndex(error)
      return nil
    }
  }

  private func dropIndex(_ problem: RecordLogError.Problem) throws(RecordLogError) {
    guard options.mode != .strict else { throw walk.failure(problem) }
    events.append(.indexUnusable(walk.failure(problem)))
    isIndexUseless = true
    index = nil
  }
}

extension Array {
  /// The first index whose element `belongs` behind a border that all elements stand on either
  /// side of.
  func partitioningIndex(where belongs: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if belongs(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
