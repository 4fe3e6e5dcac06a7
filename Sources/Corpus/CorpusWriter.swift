import Bytes
import Glibc
public import RecordLog

/// Writes records of the corpus to a log, and continues one that was interrupted.
public final class CorpusWriter {
  /// The number that the next record will get.
  public var nextSequence: UInt64 { log.nextSequence }
  /// The position in the input after the last record appended or mark made; 0 at the beginning.
  public var lastCursor: UInt64 { log.lastCursor }
  /// The number of the barrier written last, or found in the file; 0 where none was.
  public var lastBarrier: UInt64 { log.lastBarrier }
  /// What was found in the file, where the writer continues one.
  public var recovered: RecoveredLog? { log.recovered }

  /// Records between two commits: what a crash can cost, and what a flush of the disk is paid for.
  private static let recordsPerCommit: UInt64 = 64

  private let log: RecordLogWriter
  /// What a reproducible log is named by.
  private var name: String?
  private var types: [String: UInt16] = [:]

  /// Creates the log, or continues it behind its last whole chunk if it is there and not sealed.
  ///
  /// - Parameters:
  ///   - path: a file, or `-` for the standard output.
  ///   - name: where given, ids and times in the log are made from it alone, so that the same
  ///     records and commits give the same bytes.
  public convenience init(path: String, reproducibleAs name: String? = nil) throws(CorpusError) {
    let options = Self.options(name)
    if path == "-" {
      try self.init(streamingTo: 1, name: "standard output", options: options)
    } else {
      try self.init { () throws(RecordLogError) in
        try RecordLogWriter.continuing(path, options: options)
      }
      self.name = name
    }
  }

  /// Writes to a descriptor, which stays the caller's.
  public convenience init(
    streamingTo descriptor: Int32, name: String, options: RecordLogOptions = options(nil)
  ) throws(CorpusError) {
    try self.init { () throws(RecordLogError) in
      try RecordLogWriter(streamingTo: descriptor, name: name, options: options)
    }
  }

  private init(_ open: () throws(RecordLogError) -> RecordLogWriter) throws(CorpusError) {
    do throws(RecordLogError) { log = try open() } catch { throw .log(error) }
  }

  /// Removes the file where a crash came before anything could be in it. Any other file stays.
  public static func removeStub(_ path: String) throws(CorpusError) {
    do throws(RecordLogError) { try RecordLogWriter.removeStub(path) } catch { throw .log(error) }
  }

  /// Appends a record and returns its number; every 64th makes all before it durable.
  ///
  /// - Parameter cursor: the position in the input after what this record was made from. It
  ///   becomes durable together with the record.
  @discardableResult
  public func append<R: CorpusRecord>(
    _ record: R, cursor: UInt64? = nil
  ) throws(CorpusError) -> UInt64 {
    let line = try record.line()
    return try append(line, typeName: R.typeName, cursor: cursor)
  }

  private func append(
    _ line: [UInt8], typeName: String, cursor: UInt64?
  ) throws(CorpusError) -> UInt64 {
    do throws(RecordLogError) {
      let type = try type(named: typeName)
      let sequence = try log.append(line, type: type, cursor: cursor)
      if nextSequence.isMultiple(of: Self.recordsPerCommit) { try log.commit() }
      return sequence
    } catch {
      throw .log(error)
    }
  }

  /// Makes it durable that the input has been read up to `cursor`, even where no record came of it.
  public func mark(cursor: UInt64) throws(CorpusError) {
    do throws(RecordLogError) { try log.mark(cursor: cursor) } catch { throw .log(error) }
  }

  /// Makes durable what has been appended, and puts a barrier behind it.
  ///
  /// - Parameters:
  ///   - number: greater than ``lastBarrier``.
  ///   - cursor: the position in the input at which the barrier stands there.
  public func barrier(_ number: UInt64, cursor: UInt64? = nil) throws(CorpusError) {
    do throws(RecordLogError) { try log.barrier(number, cursor: cursor) } catch {
      throw .log(error)
    }
  }

  /// Makes durable what has been appended.
  public func commit() throws(CorpusError) {
    do throws(RecordLogError) { try log.commit() } catch { throw .log(error) }
  }

  /// Seals the log. Nothing can be appended any more.
  ///
  /// A reproducible log that was continued after an interruption is written once more from its
  /// records, so that its bytes are those of a log that was not.
  public func finish() throws(CorpusError) {
    if let name, recovered != nil { return try rewrite(reproducibleAs: name) }
    do throws(RecordLogError) { try log.finish() } catch { throw .log(error) }
  }

  /// Only the copy is sealed, before it takes the log's name: a crash in between leaves a log that is
  /// still to be finished. Chunks begin at the same records in either, and barriers stand between the
  /// same; each record is given its chunk's cursor.
  private func rewrite(reproducibleAs name: String) throws(CorpusError) {
    try commit()
    let aside = log.path + ".new"
    unsafe unlink(aside)
    let copy = try CorpusWriter(path: aside, reproducibleAs: name)
    let reader = try logged { () throws(RecordLogError) in
      try RecordLogReader(path: log.path, options: ReadOptions(mode: .tailTolerant))
    }
    while let item = try logged({ () throws(RecordLogError) in try reader.nextItem() }) {
      switch item {
      case .record(let record):
        _ = try copy.append(record.bytes, typeName: record.typeName ?? "", cursor: record.cursor)
      case .barrier(let barrier): try copy.barrier(barrier.number, cursor: barrier.cursor)
      }
    }
    try copy.finish()
    guard unsafe rename(aside, log.path) == 0 else {
      throw .file(FileError(.rename, path: log.path))
    }
    do throws(FileError) { try syncFolder(of: log.path) } catch { throw .file(error) }
  }

  /// Tells who reads the stream why no more records come.
  public func abort(_ reason: String) throws(CorpusError) {
    do throws(RecordLogError) { try log.abort(reason) } catch { throw .log(error) }
  }

  private func type(named name: String) throws(RecordLogError) -> UInt16 {
    if let known = types[name] { return known }
    try log.checkRoom(forType: name)
    let type = log.declare(name)
    types[name] = type
    return type
  }

  /// How the corpus writes logs: record types are declared when their first record comes.
  public static func options(_ name: String?) -> RecordLogOptions {
    var options = RecordLogOptions()
    options.types = []
    guard let name else { return options }
    let tags = ["log", "file", "rest"].map { UInt64(RecordID.of($0, name), radix: 16) ?? 1 }
    options.logID = max(tags[0], 1)
    options.fileID = FileID(tag: tags[1], rest: tags[2])
    options.clock = { 0 }
    return options
  }
}

/// Runs `body` and says of any failure that it was the log's.
private func logged<R>(
  _ body: () throws(RecordLogError) -> R
) throws(CorpusError) -> R {
  do throws(RecordLogError) { return try body() } catch { throw .log(error) }
}
