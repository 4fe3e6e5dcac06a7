import ArgumentParser
import Bytes
import Foundation
import RecordLog

/// Where a verb puts the log that it makes, and its tally.
struct MakingOptions: ParsableArguments {
  @Option(name: .shortAndLong, help: "The log to make; - is standard output.", completion: .file())
  var output = "-"

  @Flag(help: "The tally as one JSON object; to standard error where the log goes to output.")
  var json = false

  @OptionGroup var threading: ThreadOptions

  func validate() throws {
    if output == "-", Output.isTerminal {
      throw ValidationError("A log is not for a terminal: give --output or a pipe.")
    }
  }

  /// Makes a log. A file gets its name when everything is in it, and not before; on a stream the
  /// reader is told where there is no more to come.
  func make(of logs: Logs, _ fill: (LogMaker) throws -> ExitKind) throws -> ExitKind {
    let maker = LogMaker(
      output, largestRecord: try largestRecord(of: logs.logs), packers: threading.threads)
    do {
      let kind = try fill(maker)
      try maker.finish(isWhole: kind == .good)
      return kind
    } catch {
      maker.discard(because: error)
      throw error
    }
  }

  private func largestRecord(of logs: [String]) throws -> ByteCount {
    var largest = ByteCount.mebibytes(16)
    for path in logs where path != "-" {
      largest = max(largest, ByteCount(Int(try open(path).prologue.largestRecord)))
    }
    return largest
  }

  func tell(_ tally: some Encodable & CustomStringConvertible) throws {
    guard json else { return complain("\(tally)") }
    let handle = output == "-" ? FileHandle.standardError : FileHandle.standardOutput
    handle.write(Data((try jsonText(tally) + "\n").utf8))
  }
}

/// Where verbs that need more than memory put the rest.
struct TemporaryOptions: ParsableArguments {
  @Option(help: "Where temporary files go; as large as the log at most.", completion: .directory)
  var temporary = FileManager.default.temporaryDirectory.path

  func validate() throws {
    var isFolder: ObjCBool = false
    guard unsafe FileManager.default.fileExists(atPath: temporary, isDirectory: &isFolder),
      isFolder.boolValue
    else { throw ValidationError("--temporary takes a folder, not \(temporary).") }
  }
}

/// A log in the making.
final class LogMaker {
  private let path: String
  private let largestRecord: ByteCount
  private let packers: Int
  private var made: RecordCopier?
  private var part: String { path + ".part" }
  private var isStream: Bool { path == "-" }

  init(_ path: String, largestRecord: ByteCount, packers: Int) {
    self.path = path
    self.largestRecord = largestRecord
    self.packers = packers
  }

  var count: UInt64 { made?.count ?? 0 }

  /// What appends to the log, which is begun with the types and the description of `reader`'s.
  func copier(like reader: RecordLogReader?) throws -> RecordCopier {
    if let made { return made }
    var options = outputOptions(like: reader)
    options.packers = packers
    options.largestRecord = max(
      largestRecord, ByteCount(Int(reader?.prologue.largestRecord ?? 0)))
    let writer: RecordLogWriter
    if isStream {
      writer = try RecordLogWriter(
        streamingTo: STDOUT_FILENO, name: "standard output", options: options)
    } else {
      guard !FileManager.default.fileExists(atPath: path) else {
        throw FileError(.open, path: path, code: EEXIST)
      }
      try? FileManager.default.removeItem(atPath: part)
      writer = try RecordLogWriter(creating: part, options: options)
    }
    let copier = RecordCopier(to: writer)
    made = copier
    return copier
  }

  func append(_ record: Record, from reader: RecordLogReader) throws {
    try copier(like: reader).append(record, of: reader.description)
  }

  /// Passes a whole chunk on, as it is stored where that can be.
  func append(_ chunk: StoredChunk, from reader: RecordLogReader) throws {
    try copier(like: reader).append(chunk, of: reader.description, from: reader.path)
  }

  func pass(_ barrier: Barrier, from reader: RecordLogReader) throws {
    try copier(like: reader).pass(barrier)
  }

  /// Passes on what is wanted of a chunk.
  func append(_ chunk: StoredChunk, from reader: RecordLogReader, part: Part) throws {
    switch part.share(of: chunk, in: reader.description) {
    case .all: try append(chunk, from: reader)
    case .some:
      for record in try records(of: chunk, reader).all(reader.description)
      where part.contains(record) {
        try append(record, from: reader)
      }
    case .none: break
    }
  }

  /// - Parameter isWhole: false where the input had no good end, which a stream passes on.
  func finish(isWhole: Bool) throws {
    let writer = try copier(like: nil).writer
    guard isWhole || !isStream else {
      return try writer.abort("the input that this was made from has no good end")
    }
    try writer.finish()
    guard !isStream else { return }
    guard unsafe rename(part, path) == 0 else { throw FileError(.rename, path: path) }
    try syncFolder(of: path)
  }

  func discard(because error: any Error) {
    guard let made else { return }
    if isStream { try? made.writer.abort("\(error)") } else { unsafe unlink(part) }
  }
}

/// How a log made from `reader`'s is written, by the threads of `shared`.
func outputOptions(
  like reader: RecordLogReader?, sharing shared: RecordLogOptions = .init()
) -> RecordLogOptions {
  var options = shared
  options.writerName = "rlog"
  options.sync = .bytes(.mebibytes(64))
  if let description = reader?.description {
    options.types = description.types
    options.user = description.user ?? [:]
  }
  return options
}

extension Logs {
  /// All records of one log after the other, and the barriers between them. The first log without a
  /// good end gives the result; damage is thrown.
  func eachRecord(
    barrier pass: (Barrier, RecordLogReader) throws -> Void = { _, _ in },
    _ take: (Record, RecordLogReader) throws -> Void
  ) throws -> ExitKind {
    var result = ExitKind.good
    for path in logs {
      let kind = try every(open(path), barrier: pass, take)
      if result == .good { result = kind }
    }
    return result
  }
}

extension Logs {
  /// All chunks of one log after the other, as they are stored; else like ``eachRecord(_:)``.
  func eachStoredChunk(
    salvaging salvage: Bool = false,
    barrier pass: (Barrier, RecordLogReader) throws -> Void = { _, _ in },
    _ take: (StoredChunk, RecordLogReader) throws -> Void
  ) throws -> ExitKind {
    var result = ExitKind.good
    for path in logs {
      let reader = try open(path, salvaging: salvage)
      while let item = try reader.nextStoredItem() {
        switch item {
        case .chunk(let chunk): try take(chunk, reader)
        case .barrier(let barrier): try pass(barrier, reader)
        }
      }
      let kind = tellEnding(reader)
      if result == .good { result = kind }
    }
    return result
  }
}

/// The decoded records of a chunk that cannot be passed on as it is.
func records(of chunk: StoredChunk, _ reader: RecordLogReader) throws -> RecordChunk {
  do throws(RecordLogError.Problem) { return try chunk.decoded() } catch {
    throw RecordLogError(
      error, path: reader.path, offset: chunk.header.offset, chunk: chunk.header.chunkIndex,
      sequence: chunk.header.firstSequence)
  }
}

func every(
  _ reader: RecordLogReader,
  barrier pass: (Barrier, RecordLogReader) throws -> Void = { _, _ in },
  _ take: (Record, RecordLogReader) throws -> Void
) throws -> ExitKind {
  while let item = try reader.nextItem() {
    switch item {
    case .record(let record): try take(record, reader)
    case .barrier(let barrier): try pass(barrier, reader)
    }
  }
  return tellEnding(reader)
}

/// How many records went in and came out.
struct Passage: Encodable, CustomStringConvertible {
  var read: UInt64 = 0
  var written: UInt64 = 0
  /// Of memory, to temporary files.
  var spills: Int?

  var description: String { "\(written) of \(read) records" }
}

extension RecordExpression {
  /// What a person typed behind an option.
  static func parsed(_ text: String, option: String) throws -> RecordExpression {
    do throws(ExpressionError) { return try RecordExpression(parsing: text) } catch {
      throw ValidationError("\(option): \(error)")
    }
  }
}
