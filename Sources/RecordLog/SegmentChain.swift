/// Where a segment stands: what the next chunk must say of itself, and what all chunks so far add
/// up to. Writer, reader and recovery keep one each.
struct SegmentChain {
  let prologue: Prologue
  /// Where the segment's prologue stands in the input, in bytes.
  let base: UInt64
  /// Of the next chunk, from the prologue.
  private(set) var offset = UInt64(ChunkLayout.prologueBytes)
  private(set) var chunkIndex: UInt32 = 0
  private(set) var previousLength: UInt32 = 0
  private(set) var previousHeaderChecksum: UInt32 = 0
  private(set) var nextSequence: UInt64
  /// The highest durable offset that any chunk so far promised.
  private(set) var promised: UInt64 = 0
  private(set) var lastCursor: UInt64 = 0
  private(set) var lastInputTag: UInt32 = 0
  private(set) var lastTime: UInt64 = 0

  /// Whether every chunk from the first on went by; else sums and fingerprint mean nothing.
  private(set) var isComplete = true
  /// Whether the chunk before the next one is known.
  private var knowsPrevious = true
  private let fingerprint = Fingerprint()
  private(set) var summary = SegmentSummary()
  /// Of the INDEX that the chunks so far call for.
  private(set) var indexChecksum = Checksum()

  init(_ prologue: Prologue, base: UInt64 = 0) {
    self.prologue = prologue
    self.base = base
    nextSequence = prologue.firstSequence
    summary.firstSequence = prologue.firstSequence
  }

  /// Goes on from an input position that an earlier segment had reached.
  mutating func inherit(cursor: UInt64) { lastCursor = cursor }

  /// Writes into `header` all that follows from its place.
  func link(_ header: inout ChunkHeader) {
    header.fileTag = prologue.fileID.tag
    header.offset = offset
    header.firstSequence = nextSequence
    header.chunkIndex = chunkIndex
    header.previousLength = previousLength
    header.previousHeaderChecksum = previousHeaderChecksum
  }

  /// Refuses a chunk that does not continue the ones before it.
  func check(_ header: ChunkHeader) throws(RecordLogError.Problem) {
    if knowsPrevious {
      try same("the chunk index", UInt64(chunkIndex), UInt64(header.chunkIndex))
      try same("the previous chunk's length", UInt64(previousLength), UInt64(header.previousLength))
      try same(
        "the previous chunk's checksum", UInt64(previousHeaderChecksum),
        UInt64(header.previousHeaderChecksum))
      try same("the first sequence number", nextSequence, header.firstSequence)
    }
    guard header.durableOffset <= header.offset else {
      throw .malformed(.header, "promises more than there was")
    }
    guard header.firstSequence <= UInt64.max - UInt64(header.recordCount) else {
      throw .malformed(.header, "sequence numbers past the last")
    }
  }

  private func same(
    _ what: String, _ expected: UInt64, _ found: UInt64
  ) throws(RecordLogError.Problem) {
    guard expected == found else {
      throw .brokenChain(what, expected: expected, found: found)
    }
  }

  /// Takes in a checked chunk; `encoded` is its header's 128 bytes.
  mutating func accept(_ header: ChunkHeader, encoded: RawSpan) {
    if header.kind != .seal { fingerprint.add(encoded) }
    offset += header.length
    chunkIndex = header.chunkIndex &+ 1
    previousLength = UInt32(truncatingIfNeeded: header.length)
    previousHeaderChecksum = header.checksum
    nextSequence = header.nextSequence
    promised = max(promised, header.durableOffset)
    lastTime = header.time
    if header.inputCursor != 0 || header.inputTag != 0 {
      lastCursor = header.inputCursor
      lastInputTag = header.inputTag
    }
    knowsPrevious = true
    guard header.kind == .data else { return }
    summary.count(header)
    let entry = IndexEntry(header).encoded()
    indexChecksum.add(entry.rawSpan)
  }

  mutating func noteLargestRecord(_ bytes: UInt32) {
    summary.largestRecord = max(summary.largestRecord, bytes)
  }

  /// Goes on at a chunk elsewhere, whose predecessor is unknown.
  mutating func jump(to offset: UInt64) {
    self.offset = offset
    knowsPrevious = false
    isComplete = false
  }

  /// The sums as they stand, for a seal or to compare with one.
  func currentSummary() -> SegmentSummary {
    var result = summary
    result.nextSequence = nextSequence
    result.fingerprint = fingerprint.digest()
    return result
  }
}
