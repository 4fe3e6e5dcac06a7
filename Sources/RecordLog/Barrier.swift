import Bytes

/// A place between two records at which all stages of a pipe can make what they have durable, so that
/// their logs, cut there, belong together.
///
/// It stands in a log as a MARK whose table is its number. Numbers rise.
public struct Barrier: Equatable, Sendable {
  public var number: UInt64
  /// Of the first record behind it.
  public var sequence: UInt64
  /// The writer's position in its own input; 0 where it did not say.
  public var cursor: UInt64

  public init(number: UInt64, sequence: UInt64, cursor: UInt64 = 0) {
    (self.number, self.sequence, self.cursor) = (number, sequence, cursor)
  }

  /// The table of a MARK: the number of the last barrier; nothing where there was none.
  static func table(_ number: UInt64) -> [UInt8] {
    guard number > 0 else { return [] }
    var out = ByteWriter(reserving: ChunkLayout.barrierBytes)
    out.append(number)
    return out.bytes
  }

  /// The barrier that stands at a chunk; nil where none does.
  init?(_ header: ChunkHeader, table: [UInt8]) throws(RecordLogError.Problem) {
    guard header.isBarrier else { return nil }
    var reader = ByteReader(table.rawSpan)
    guard table.count == ChunkLayout.barrierBytes, let number: UInt64 = try? reader.next() else {
      throw .malformed(.table, "\(table.count) bytes for the number of a barrier")
    }
    self.init(number: number, sequence: header.firstSequence, cursor: header.inputCursor)
  }
}

/// The barriers of a log, or of a part of one.
public struct LogBarriers: Equatable, Sendable {
  public var count: UInt64
  public var last: Barrier

  public init(count: UInt64, last: Barrier) {
    (self.count, self.last) = (count, last)
  }

  /// With `next` behind them; the first one where there were none.
  static func adding(_ next: Barrier, to barriers: LogBarriers?) -> LogBarriers {
    LogBarriers(count: (barriers?.count ?? 0) + 1, last: next)
  }

  /// With those of the segment behind.
  static func joining(_ barriers: LogBarriers?, _ next: LogBarriers?) -> LogBarriers? {
    guard let next else { return barriers }
    return LogBarriers(count: (barriers?.count ?? 0) + next.count, last: next.last)
  }
}

extension SegmentWalk {
  /// The barriers in front of `end`, the offset of the segment's index, of its seal, or of its end
  /// where it has neither. Where `seal` leads to an index only what stands between the chunks of
  /// records is looked at, else every header.
  func findBarriers(_ seal: SegmentSummary?, before end: UInt64) -> LogBarriers? {
    let indexed = seal.flatMap { $0.indexOffset > 0 ? $0 : nil }
    guard let indexed, let entries = try? readIndex(indexed) else {
      return lastSaid(beside: [], before: end).barriers
    }
    return lastSaid(beside: entries, before: indexed.indexOffset).barriers
  }
}

extension SegmentFile {
  /// The segment's barriers, as far as it can be read.
  func findBarriers(_ limits: ReadLimits) -> LogBarriers? {
    guard let input = try? LogInput(segment: path, end: end),
      let walk = try? SegmentWalk(input, limits: limits)
    else { return nil }
    return walk.findBarriers(seal, before: seal == nil ? end : sealOffset)
  }
}

extension SegmentList {
  /// The number of the last barrier that can be read; 0 where there is none.
  var lastBarrier: UInt64 {
    for segment in segments.reversed() {
      if let found = segment.findBarriers(ReadLimits()) { return found.last.number }
    }
    return 0
  }
}

extension RecordLogReader {
  /// The barriers of a sealed file or folder, looked for between the chunks that indexes list: a
  /// damaged chunk there hides those behind it. Nil where there are none, and of any other log,
  /// which tells of them as they go by.
  public func findBarriers() -> LogBarriers? {
    guard summary != nil, ending == nil else { return nil }
    guard let segments else {
      return sealOffset > 0 ? walk.findBarriers(seal, before: sealOffset) : nil
    }
    return segments.segments.reduce(nil) { .joining($0, $1.findBarriers(options.limits)) }
  }
}
