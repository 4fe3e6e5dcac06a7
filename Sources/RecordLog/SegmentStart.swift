/// Where a segment ends, as the prologue of the next one says it.
struct SegmentEnd: Equatable, Sendable {
  var prologue: Prologue
  /// Bytes from the prologue on that count.
  var length: UInt64
  /// Of the last chunk within.
  var headerChecksum: UInt32
  var nextSequence: UInt64
  var cursor: UInt64

  init(_ chain: SegmentChain) {
    prologue = chain.prologue
    length = chain.offset
    headerChecksum = chain.previousHeaderChecksum
    nextSequence = chain.nextSequence
    cursor = chain.lastCursor
  }
}

/// What a segment begins with.
struct SegmentStart {
  var prologue: Prologue
  var description: LogDescription
  /// Whether it takes the place of a file of which nothing counts.
  var isReplacement = false
  /// The input position that the segments before have made durable.
  var durableCursor: UInt64 = 0
  /// The input position after all that is in ``closed`` and ``chunk``.
  var cursor: UInt64 = 0
  /// The number of the last barrier.
  var barrier: UInt64 = 0
  var closed = ChunkQueue()
  var chunk = OpenChunk()

  var nextSequence: UInt64 {
    prologue.firstSequence + closed.recordCount + UInt64(chunk.count)
  }

  /// The first segment of a log.
  init(_ prologue: Prologue, description: LogDescription) {
    self.prologue = prologue
    self.description = description
  }

  /// The one after a segment that was set aside.
  init(after damaged: SegmentFile, telling known: DamagedSegment, _ entry: SetAsideSegment) {
    prologue = damaged.prologue
    description = known.description ?? LogDescription(types: [])
    description.setAside = (description.setAside ?? []) + [entry]
    durableCursor = known.cursor
    cursor = known.cursor
    prologue.segment += 1
    prologue.firstSequence = known.nextSequence
    prologue.previousTag = damaged.prologue.fileID.tag
    prologue.previousLength = 0
    prologue.previousHeaderChecksum = 0
  }

  /// The one after `end`; a segment without a record that counts is replaced instead.
  init(after end: SegmentEnd, description: LogDescription) {
    prologue = end.prologue
    self.description = description
    prologue.fileID = .random()
    durableCursor = end.cursor
    cursor = end.cursor
    isReplacement = end.nextSequence == end.prologue.firstSequence
    guard !isReplacement else { return }
    prologue.segment += 1
    prologue.firstSequence = end.nextSequence
    prologue.previousTag = end.prologue.fileID.tag
    prologue.previousLength = end.length
    prologue.previousHeaderChecksum = end.headerChecksum
  }
}
