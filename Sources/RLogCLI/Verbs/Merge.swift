import ArgumentParser
import RecordLog

struct Merge: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "One log of several that are in order.",
    discussion: """
      Every log must be in order itself. Where records are equal the log named first goes first. \
      Chunks that come before all other records are passed on as they are stored: by time all of \
      them, by sequence number those that do not interleave. Memory grows with the number of logs \
      only, by about 1 MiB each.

      A log that has come to a barrier waits until all others have come to the same one; the barrier \
      is passed on, and only then what is behind it, so that the order holds between two barriers. \
      Where a log ends without a barrier that another one has, that is an error, unless \
      --without-barriers leaves them all out.
      """)

  enum Way: String, ExpressibleByArgument, CaseIterable { case seq, time, key }

  @OptionGroup var logs: Logs
  @Option(
    help: """
      seq: by the records' numbers; time: by the time their chunks were written; key: by --key.
      """)
  var by: Way?
  @Option(help: "What the logs are in order of, such as .score.") var key: String?
  @Flag(help: "Leave barriers out instead of waiting at them.") var withoutBarriers = false
  @OptionGroup var making: MakingOptions

  func validate() throws {
    if by == .key, key == nil { throw ValidationError("--by key wants --key.") }
    if let by, by != .key, key != nil {
      throw ValidationError("--by \(by) and --key exclude each other.")
    }
    if logs.logs.count > 64 { throw ValidationError("At most 64 logs at once: merge in steps.") }
    if let key { _ = try RecordExpression.parsed(key, option: "--key") }
  }

  func run() throws {
    let expression = try key.map { try RecordExpression.parsed($0, option: "--key") }
    let order: MergeOrder =
      if let expression { .key(expression) } else { by == .time ? .time : .sequence }
    let kind = try making.make(of: logs) { maker in
      var sources = try logs.logs.map {
        MergeSource(try open($0), order, stopsAtBarriers: !withoutBarriers)
      }
      for index in sources.indices { try sources[index].advance() }
      repeat {
        while let first = earliest(sources) {
          let others = sources.indices.filter { $0 != first }.compactMap { sources[$0].key }
          try sources[first].give(
            to: maker, before: others.min { $0.lexicographicallyPrecedes($1) })
        }
      } while try passBarrier(&sources, to: maker)
      let kinds = sources.map { tellEnding($0.reader) }
      try making.tell(Passage(read: maker.count, written: maker.count))
      return kinds.first { $0 != .good } ?? .good
    }
    if kind != .good { throw kind }
  }

  private func earliest(_ sources: [MergeSource]) -> Int? {
    var best: (index: Int, key: [UInt8])?
    for (index, source) in sources.enumerated() {
      guard let key = source.key else { continue }
      if best.map({ key.lexicographicallyPrecedes($0.key) }) ?? true { best = (index, key) }
    }
    return best?.index
  }
}

/// Passes on the barrier that all logs have come to, and lets them go on; false where all have come
/// to their end.
private func passBarrier(_ sources: inout [MergeSource], to maker: LogMaker) throws -> Bool {
  guard let barrier = sources.compactMap(\.barrier).min(by: { $0.number < $1.number }),
    let holder = sources.first(where: { $0.barrier == barrier })
  else { return false }
  for source in sources where source.barrier?.number != barrier.number {
    throw UnalignedBarrier(
      number: barrier.number, path: holder.reader.path, other: source.reader.path)
  }
  try maker.pass(barrier, from: holder.reader)
  for index in sources.indices { try sources[index].goOnBehindBarrier() }
  return true
}

/// What logs are merged by.
private enum MergeOrder {
  case sequence, time
  case key(RecordExpression)
}

/// One of the logs that are merged: the chunk that it has come to, unpacked only where other logs
/// have records that belong between its own.
private struct MergeSource {
  let reader: RecordLogReader
  /// Of the next record, in the form that bytes compare in; nil at the end.
  private(set) var key: [UInt8]?
  /// Where the log waits; its key is nil meanwhile.
  private(set) var barrier: Barrier?
  private let order: MergeOrder
  private let stopsAtBarriers: Bool
  private var chunk: StoredChunk?
  private var records: [Record] = []
  private var next = 0

  init(_ reader: RecordLogReader, _ order: MergeOrder, stopsAtBarriers: Bool) {
    self.reader = reader
    self.order = order
    self.stopsAtBarriers = stopsAtBarriers
  }

  mutating func goOnBehindBarrier() throws {
    barrier = nil
    try advance()
  }

  /// Goes to the next record.
  mutating func advance() throws {
    let last = key
    next += 1
    if next >= chunk?.count ?? 0 {
      try readOn()
      (records, next) = ([], 0)
    }
    key = try chunk.map { try key(of: $0) }
    if let last, let key, let chunk, key.lexicographicallyPrecedes(last) {
      throw OutOfOrder(path: reader.path, sequence: chunk.header.firstSequence + UInt64(next))
    }
  }

  /// Goes to the next chunk, or to the barrier in front of it.
  private mutating func readOn() throws {
    chunk = nil
    while chunk == nil, let item = try reader.nextStoredItem() {
      switch item {
      case .chunk(let next): chunk = next
      case .barrier(let next) where stopsAtBarriers: return barrier = next
      case .barrier: break
      }
    }
  }

  private mutating func key(of chunk: StoredChunk) throws -> [UInt8] {
    switch order {
    case .sequence: bytes(chunk.header.firstSequence + UInt64(next))
    case .time: bytes(chunk.header.time)
    case .key(let expression): sortKey(of: try expression.value(of: try record(of: chunk)))
    }
  }

  private mutating func record(of chunk: StoredChunk) throws -> Record {
    if records.isEmpty {
      records = try RLogCLI.records(of: chunk, reader).all(reader.description)
    }
    return records[next]
  }

  /// Appends the next record, or the whole chunk where all of it comes before `limit`.
  mutating func give(to maker: LogMaker, before limit: [UInt8]?) throws {
    guard let chunk else { return }
    if next == 0, try isAhead(chunk, of: limit) {
      try maker.append(chunk, from: reader)
      next = chunk.count
    } else {
      try maker.append(try record(of: chunk), from: reader)
    }
    try advance()
  }

  private func isAhead(_ chunk: StoredChunk, of limit: [UInt8]?) throws -> Bool {
    switch order {
    case .time: return true
    case .key: return false
    case .sequence:
      guard let limit else { return true }
      return bytes(chunk.header.nextSequence - 1).lexicographicallyPrecedes(limit)
    }
  }

  private func bytes(_ number: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64($0))) }
  }
}
