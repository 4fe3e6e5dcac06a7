import Bytes

/// What a reader needs to know in order to pass over damage.
struct Salvage {
  var budget: SalvageBudget
  /// Every record below was delivered or told to be lost.
  var accounted: UInt64 = 0
  /// Of a sealed file whose index is whole.
  var index: [IndexEntry] = []
  /// Checksums of the last chunks that were delivered: one of them once more is a duplicate.
  private var recent: [UInt32] = []
  private static let remembered = 1024

  init(budget: SalvageBudget) { self.budget = budget }

  mutating func note(_ header: ChunkHeader) {
    recent.append(header.checksum)
    if recent.count > 2 * Salvage.remembered { recent.removeFirst(Salvage.remembered) }
  }

  func knows(_ header: ChunkHeader) -> Bool { recent.contains(header.checksum) }

  /// What the index says of the chunk at `offset`.
  func entry(at offset: UInt64) -> IndexEntry? {
    let after = index.partitioningIndex { $0.offset > offset }
    guard after > 0, index[after - 1].offset == offset else { return nil }
    return index[after - 1]
  }
}

// MARK: The beginning

extension Salvage {
  /// The walk through the first segment. Where its prologue cannot be read, what it said is learnt
  /// from the first whole header.
  static func begin(
    _ input: LogInput, _ options: ReadOptions
  ) throws(RecordLogError) -> (walk: SegmentWalk, damage: DamagedRegion?) {
    do throws(RecordLogError) {
      return (try SegmentWalk(input, limits: options.limits), nil)
    } catch {
      guard error.category == .damage else { throw error }
      do throws(RecordLogError.Problem) {
        guard let walk = try learn(from: 0, of: input, options) else { throw error.problem }
        return (walk, missingPrologue(before: walk, from: 0, problem: error.problem))
      } catch {
        throw RecordLogError(error, path: input.name, offset: 0)
      }
    }
  }

  /// Looks for a segment whose prologue should stand at `base`: for a header in its place, else for
  /// a prologue further on, else for any header that another one follows in step.
  static func learn(
    from base: UInt64, of input: LogInput, _ options: ReadOptions
  ) throws(RecordLogError.Problem) -> SegmentWalk? {
    var found: SegmentWalk?
    var displaced: SegmentWalk?
    let lookahead = UInt64(options.limits.chunk.bytes)
    _ = try input.findHeaders(from: base) { (find, place) throws(RecordLogError.Problem) in
      switch find {
      case .header(let header):
        let stray = StrayHeader(header: header, place: place)
        let walk = learned(stray, input, options)
        if stray.base == base {
          found = walk
        } else if displaced == nil, try walk.follows(stray, inStep: true) {
          displaced = walk
        }
      case .prologue(let prologue):
        displaced =
          displaced ?? SegmentWalk(input, prologue: prologue, at: place, limits: options.limits)
      case .window:
        guard let displaced, !input.isSeekable else {
          input.release(before: place)
          return false
        }
        if place > displaced.place + lookahead { found = displaced }
      }
      return found != nil
    }
    return found ?? displaced
  }

  /// A walk that begins at a header, under a prologue that promises nothing.
  private static func learned(
    _ stray: StrayHeader, _ input: LogInput, _ options: ReadOptions
  ) -> SegmentWalk {
    var prologue = Prologue(
      fileID: FileID(tag: stray.header.fileTag, rest: 0), logID: 0, created: 0)
    prologue.largestChunk = UInt32(clamping: options.limits.chunk.bytes)
    prologue.largestRecord = UInt32(clamping: options.limits.record.bytes)
    prologue.firstSequence = stray.header.firstSequence
    var walk = SegmentWalk(input, prologue: prologue, at: stray.base, limits: options.limits)
    walk.resume(at: stray)
    if let (summary, _) = walk.sealAtEnd() {
      prologue.firstSequence = summary.firstSequence
      walk = SegmentWalk(input, prologue: prologue, at: stray.base, limits: options.limits)
      walk.resume(at: stray)
    }
    return walk
  }

  static func missingPrologue(
    before walk: SegmentWalk, from begin: UInt64, problem: RecordLogError.Problem
  ) -> DamagedRegion {
    let first = walk.chain.prologue.firstSequence
    let next = walk.chain.nextSequence
    // Nothing tells whether records were before the first one found, unless it is the first chunk
    // or a seal says so.
    let isKnown = next > first || walk.chain.chunkIndex == 0 || next == 0
    return DamagedRegion(
      range: begin..<max(begin, walk.place),
      reason: problem == .textMode ? .lineEndsMangled : .missingPrologue, firstSequence: first,
      lostRecords: isKnown ? next - first : nil,
      displacement: Int64(bitPattern: walk.chain.base &- begin), detail: "\(problem)")
  }
}

// MARK: Passing over

extension RecordLogReader {
  /// Where the next chunk is expected, in bytes from the start of the input.
  public var place: UInt64 { walk.place }

  func noteSalvaged(_ header: ChunkHeader) {
    salvage?.note(header)
    // The chunk itself may be wanted once more.
    input.release(before: walk.place &- header.length)
  }

  /// A chunk that is whole by itself can still be one of an older version of the file.
  func checkNeighbours(of header: ChunkHeader) throws(RecordLogError.Problem) {
    guard let salvage else { return }
    let entry = walk.chain.base == 0 ? salvage.entry(at: header.offset) : nil
    if let entry, header.kind == .data {
      guard IndexEntry(header) == entry else {
        throw .contradiction(.index, "another chunk belongs here")
      }
      return
    }
    if try walk.isDisowned(header) {
      throw .contradiction(.header, "the next chunk names another one before it")
    }
  }

  /// Goes on behind damage at the place reached, or ends there.
  func passOver(_ problem: RecordLogError.Problem) throws(RecordLogError) {
    let failure = walk.failure(problem)
    guard problem.category == .damage else { throw failure }
    let landing: Landing
    let reason: DamageReason
    do throws(RecordLogError.Problem) {
      if problem == .trailingGarbage { return try passGarbage(failure) }
      reason = try self.reason(for: problem)
      landing = try land(problem)
    } catch {
      throw walk.failure(error)
    }
    switch landing {
    case .chunk(let stray): try go(to: stray, reason: reason, problem)
    case .skip(let stray): try skip(stray)
    case .segment(let prologue, let place):
      try tell(region(to: place, reason, problem, next: prologue.firstSequence))
      begin(prologue, at: place)
    case .end(let end): try endDamaged(at: end, reason, failure)
    }
  }

  private func land(_ problem: RecordLogError.Problem) throws(RecordLogError.Problem) -> Landing {
    var search = Resynchronization(walk)
    if sealOffset > 0, let seal, walk.chain.base == 0 {
      search.sequenceLimit = seal.nextSequence
    }
    var isContradicted = false
    if case .contradiction = problem { isContradicted = true }
    var isChainBroken = false
    if case .brokenChain = problem { isChainBroken = true }
    let sound = isContradicted ? nil : walk.current
    var ends: [UInt64] = []
    if let sound { ends.append(walk.place + sound.length) }
    if walk.chain.base == 0, let entry = salvage?.entry(at: walk.chain.offset) {
      ends.append(entry.offset + UInt64(entry.length))
    }
    return try search.land(
      knownEnds: ends, isSound: sound != nil || isContradicted, brokenChain: isChainBroken)
  }

  private func go(
    to stray: StrayHeader, reason: DamageReason, _ problem: RecordLogError.Problem
  ) throws(RecordLogError) {
    let isMissing = stray.place == walk.place
    let kind: DamageReason =
      isMissing && stray.header.firstSequence > walk.chain.nextSequence
      ? .dropped
      : isMissing ? .moved : reason
    var region = region(
      to: stray.place, kind, problem, next: stray.header.firstSequence)
    region.displacement = Int64(bitPattern: stray.base)
    walk.resume(at: stray)
    try tell(region)
  }

  private func skip(_ stray: StrayHeader) throws(RecordLogError) {
    let isDuplicate = salvage?.knows(stray.header) ?? false
    var region = region(
      to: stray.end, isDuplicate ? .duplicate : .moved,
      .wrongOffset(stated: stray.header.offset), next: walk.chain.nextSequence)
    walk.displace(by: stray.header.length)
    region.displacement = Int64(bitPattern: walk.chain.base)
    try tell(region)
  }

  private func endDamaged(
    at end: UInt64, _ reason: DamageReason, _ failure: RecordLogError
  ) throws(RecordLogError) {
    let isTorn = try isTornTail(failure.problem)
    var next: UInt64?
    if sealOffset > 0, let seal { next = seal.nextSequence }
    if next == nil, !isInLastSegment, let segments {
      next = segments.segments[segment + 1].prologue.firstSequence
    }
    // Where chunks are displaced, one more may have been meant to stand behind this one.
    if next == nil, let sound = walk.current, walk.chain.base == 0,
      walk.place + sound.length >= end
    {
      next = sound.nextSequence
    }
    let region = region(
      to: end, isTorn ? .tornTail : isCut(failure.problem) ? .truncated : reason,
      failure.problem, next: next)
    try tell(region)
    guard isInLastSegment else { return try enterNextSegment() }
    ending = isTorn ? .torn(failure) : .unsealed
  }

  private func isCut(_ problem: RecordLogError.Problem) -> Bool {
    if case .truncated = problem { return true }
    return false
  }

  private func region(
    to end: UInt64, _ reason: DamageReason, _ problem: RecordLogError.Problem, next: UInt64?
  ) -> DamagedRegion {
    let first = walk.chain.nextSequence
    return DamagedRegion(
      range: walk.place..<max(walk.place, end), reason: reason, firstSequence: first,
      lostRecords: next.map { $0 - min(first, $0) },
      displacement: Int64(bitPattern: walk.chain.base), detail: "\(problem)")
  }

  func tell(_ found: DamagedRegion) throws(RecordLogError) {
    var region = found
    if segments != nil, region.file == nil { region.file = fileName(input.name) }
    let end = region.firstSequence &+ (region.lostRecords ?? 0)
    let accounted = max(salvage?.accounted ?? 0, end)
    salvage?.accounted = accounted
    events.append(.damage(region))
    do throws(RecordLogError.Problem) { try salvage?.budget.spend(on: region) } catch {
      throw walk.failure(error)
    }
  }
}

// MARK: Between segments

extension RecordLogReader {
  /// Whether salvage goes on with a segment before which others are missing.
  func mayPassOver(to prologue: Prologue) -> Bool {
    let own = walk.chain.prologue
    guard salvage != nil, prologue.logID == own.logID || own.logID == 0,
      prologue.firstSequence >= walk.chain.nextSequence
    else { return false }
    let missing = region(
      to: walk.place, .missingSegment, .foreignSegment, next: prologue.firstSequence)
    if missing.lostRecords != 0 { events.append(.damage(missing)) }
    return true
  }

  /// What stands behind a seal is a segment whose prologue is damaged, or no part of the log.
  private func passGarbage(_ failure: RecordLogError) throws(RecordLogError.Problem) {
    let begin = walk.place
    let next = walk.chain.nextSequence
    if let segment = try Salvage.learn(from: begin, of: input, options),
      segment.chain.nextSequence >= next
    {
      let prologue = segment.chain.prologue
      var region = Salvage.missingPrologue(before: segment, from: begin, problem: failure.problem)
      region.firstSequence = next
      region.lostRecords = segment.chain.nextSequence - next
      self.begin(prologue, at: begin)
      walk = segment
      return try tellProblem(region)
    }
    let end = try input.findHeaders(from: begin) { _, _ in false }
    ending = .sealed
    try tellProblem(region(to: end, .trailingGarbage, failure.problem, next: next))
  }

  private func tellProblem(_ region: DamagedRegion) throws(RecordLogError.Problem) {
    do throws(RecordLogError) { try tell(region) } catch { throw error.problem }
  }
}

// MARK: Segments of a folder

extension RecordLogReader {
  /// Goes on with the next segment that can be read, and tells what is missing before it.
  func salvageNextSegment() throws(RecordLogError) {
    let last = segments?.segments[segment]
    let (place, expected) = (walk.place, expectedSequence)
    salvage?.accounted = expected
    let damage = try enter(segment: segment + 1)
    guard walk.chain.nextSequence >= expected else { return try passOverlap(from: expected) }
    if damage == nil, let last, last.seal == nil,
      walk.chain.prologue.segment == segmentNumber(last, 1)
    {
      guard walk.chain.nextSequence > expected else { return }
      var cut = gap(.truncated, at: place, from: expected, "the next segment begins further on")
      cut.file = fileName(last.path)
      return try tell(cut)
    }
    try tellGap(before: damage)
  }

  private func segmentNumber(_ file: SegmentFile, _ step: UInt64) -> UInt64 {
    file.prologue.segment &+ step
  }

  private var expectedSequence: UInt64 {
    max(walk.chain.nextSequence, salvage?.accounted ?? 0)
  }

  /// What is missing between the records so far and the place reached, at a segment's start.
  func tellGap(before damage: DamagedRegion?) throws(RecordLogError) {
    let expected = min(salvage?.accounted ?? 0, walk.chain.nextSequence)
    if var region = damage {
      region.firstSequence = expected
      region.lostRecords = walk.chain.nextSequence - expected
      try tell(region)
    } else if walk.chain.nextSequence > expected {
      try tell(gap(.missingSegment, at: walk.place, from: expected, "no file has them"))
    }
  }

  private func gap(
    _ reason: DamageReason, at place: UInt64, from expected: UInt64, _ detail: String
  ) -> DamagedRegion {
    DamagedRegion(
      range: place..<place, reason: reason, firstSequence: expected,
      lostRecords: walk.chain.nextSequence - min(expected, walk.chain.nextSequence), detail: detail)
  }

  /// A segment whose records were delivered already, in part at least, is left out.
  private func passOverlap(from expected: UInt64) throws(RecordLogError) {
    var region = DamagedRegion(
      range: 0..<(input.byteCount ?? 0), reason: .stale, firstSequence: expected, lostRecords: 0,
      detail: "its records begin at \(walk.chain.nextSequence)")
    region.file = fileName(input.name)
    try tell(region)
    walk.jump(to: input.byteCount ?? 0)
  }

  /// A segment under a sealed name that has no seal was cut.
  func tellCutEnd() throws(RecordLogError) {
    guard segments != nil, input.name.hasSuffix(SegmentName.suffix), seal == nil else { return }
    try tell(
      DamagedRegion(
        range: walk.place..<walk.place, reason: .truncated, firstSequence: expectedSequence,
        lostRecords: nil, detail: "no seal at the end of a sealed segment"))
  }
}

// MARK: Naming

extension RecordLogReader {
  private func reason(
    for problem: RecordLogError.Problem
  ) throws(RecordLogError.Problem) -> DamageReason {
    let isIndex =
      sealOffset > 0 && walk.chain.base == 0
      && walk.chain.offset == seal?.indexOffset
    if isIndex { return .index }
    switch problem {
    case .zeroes: return .zeroedRange
    case .foreignTag: return .foreignTag
    case .textMode: return .lineEndsMangled
    case .checksum(.table, _, _), .malformed(.table, _), .impossibleLength(.record, _, _):
      return .table
    case .checksum(.values, _, _): return .payload
    case .checksum(.decoded, _, _), .malformed(.values, _): return .decodeMismatch
    case .malformed(.meta, _): return .table
    case .contradiction(.seal, _), .malformed(.seal, _): return .seal
    case .contradiction, .brokenChain: return .stale
    case .wrongOffset: return .moved
    default:
      var bytes: [UInt8] = []
      let count = try input.read(at: walk.place, count: ChunkLayout.headerBytes, into: &bytes)
      let hasMangled = LineEnds.areMangled(in: bytes.rawSpan.extracting(first: count), at: 8)
      return hasMangled ? .lineEndsMangled : .header
    }
  }
}
