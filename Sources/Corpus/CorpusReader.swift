public import RecordLog

/// What comes out of a log of the corpus.
public enum CorpusItem<R: CorpusRecord>: Sendable {
  case record(R)
  case barrier(Barrier)
}

/// Reads records of the corpus from a log.
public final class CorpusReader {
  public var path: String { log.path }
  /// The number of the next record, counted from where the log begins: what a stage that reads
  /// this log states as its cursor.
  public private(set) var position: UInt64 = 0
  /// How the log ended; nil before that.
  public var ending: LogEnding? { log.ending }

  private let log: RecordLogReader
  private var waiting: LogItem?

  /// - Parameters:
  ///   - path: a file, or `-` for the standard input.
  ///   - mode: whether a log without its seal is an error. It is one where the log should be
  ///     complete; the own output of an interrupted run is not.
  public convenience init(path: String, mode: ReadMode = .strict) throws(CorpusError) {
    if path == "-" {
      try self.init(descriptor: 0, name: "standard input", mode: mode)
    } else {
      try self.init { () throws(RecordLogError) in
        try RecordLogReader(path: path, options: ReadOptions(mode: mode))
      }
    }
  }

  /// Reads from a descriptor, which stays the caller's.
  public convenience init(
    descriptor: Int32, name: String, mode: ReadMode = .strict
  ) throws(CorpusError) {
    try self.init { () throws(RecordLogError) in
      try RecordLogReader(descriptor: descriptor, name: name, options: ReadOptions(mode: mode))
    }
  }

  private init(_ open: () throws(RecordLogError) -> RecordLogReader) throws(CorpusError) {
    do throws(RecordLogError) { log = try open() } catch { throw .log(error) }
  }

  /// Goes to the record with the given number, or to the end where none has it yet.
  public func seek(to position: UInt64) throws(CorpusError) {
    do throws(RecordLogError) { try log.seek(toSequence: position) } catch { throw .log(error) }
    waiting = nil
    self.position = position
  }

  /// Goes to the place behind the record before the given number: where a barrier stands there, it
  /// comes first.
  public func resume(at position: UInt64) throws(CorpusError) {
    guard position > 0 else { return try seek(to: 0) }
    try seek(to: position - 1)
    do throws(RecordLogError) { _ = try log.next() } catch { throw .log(error) }
    self.position = position
  }

  /// The type of the next record; nil at the end. Barriers in front of it are passed over.
  public func nextType() throws(CorpusError) -> String? {
    while let item = try peek() {
      if case .record(let record) = item {
        return record.typeName ?? "record of an undeclared type"
      }
      waiting = nil
    }
    return nil
  }

  /// The next record, whatever barriers stand in front of it; nil at the end.
  ///
  /// - Parameter skipsOthers: whether records of other types are passed over instead of being an
  ///   error.
  public func next<R: CorpusRecord>(
    _: R.Type = R.self, skippingOthers skipsOthers: Bool = false
  ) throws(CorpusError) -> R? {
    while let item = try nextItem(R.self, skippingOthers: skipsOthers) {
      if case .record(let record) = item { return record }
    }
    return nil
  }

  /// The next record, or the barrier in front of it; nil at the end.
  ///
  /// - Parameter skipsOthers: as in ``next(_:skippingOthers:)``.
  public func nextItem<R: CorpusRecord>(
    _: R.Type = R.self, skippingOthers skipsOthers: Bool = false
  ) throws(CorpusError) -> CorpusItem<R>? {
    while let item = try peek() {
      guard case .record(let record) = item else {
        waiting = nil
        if case .barrier(let barrier) = item { return .barrier(barrier) }
        continue
      }
      // A record of a type that nobody declared is never passed over: it may be what is looked for.
      let isOther = skipsOthers && record.typeName != nil
      guard record.typeName == R.typeName || isOther else {
        throw .wrongType(
          path: path, sequence: record.sequence, expected: R.typeName,
          found: record.typeName ?? "record of an undeclared type")
      }
      waiting = nil
      position = record.sequence + 1
      if record.typeName == R.typeName { return .record(try decode(record)) }
    }
    return nil
  }

  private func peek() throws(CorpusError) -> LogItem? {
    if let waiting { return waiting }
    do throws(RecordLogError) { waiting = try log.nextItem() } catch { throw .log(error) }
    return waiting
  }

  private func decode<R: CorpusRecord>(_ record: Record) throws(CorpusError) -> R {
    do throws(JSONProblem) {
      return try R(json: record.bytes)
    } catch {
      throw .badRecord(
        path: path, sequence: record.sequence, type: R.typeName, reason: error.description)
    }
  }
}
