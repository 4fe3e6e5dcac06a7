import ArgumentParser
import Bytes
import Foundation
import RecordLog

struct Import: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Makes a log from JSON lines, or from TFRecords.",
    discussion: """
      Files that end in .gz or .zst are unpacked by the system's gzip or zstd; those that end in \
      .tfrecord or .tfrecords hold TFRecords, whose checksums are compared.

      The number of lines read is the log's input cursor: an import that was interrupted goes on \
      with --append where it stopped, from the same inputs.

      A log that ends in / or is a folder there is written in segments. --sync says when what was \
      appended is made durable: every piece of the input as it comes; at an interval of milliseconds, \
      200 unless given; after so many bytes, 8MiB unless given; or none until the end.
      """)

  @Argument(help: "Files with one JSON value per line; - is standard input.", completion: .file())
  var inputs: [String] = ["-"]

  @Option(
    name: .shortAndLong, help: "The log, a file or a folder; - is standard output.",
    completion: .file())
  var output = "-"

  @Flag(help: "Take the records of TFRecord files as bytes, whatever they are.") var binary = false
  @Flag(help: "Continue an unsealed log; of a folder, any.") var append = false

  @Option(
    help: ArgumentHelp(
      "When appended records are made durable: every, interval[=ms], bytes[=amount], none.",
      valueName: "policy"))
  var sync: SyncChoice?

  @Option(help: "Put a barrier behind every so many records.") var barrierEvery: UInt64?
  @Flag(help: "Stop at the first line that is not JSON.") var strict = false
  @Option(help: "The name of the records' type.") var type = "json"
  @Option(help: "Record bytes per chunk, such as 256KiB.") var chunkBytes = "256KiB"
  @Option(help: "The largest record, such as 16MiB.") var largestRecord = "16MiB"
  @Option(help: "An entry for the log's description, KEY=VALUE.") var user: [String] = []

  @Option(help: "Where lines go that are not JSON.", completion: .file())
  var quarantine: String?

  @Flag(help: "The tally as one JSON object; to standard error where the log goes to output.")
  var json = false

  @OptionGroup var threading: ThreadOptions

  func validate() throws {
    if output == "-", Output.isTerminal {
      throw ValidationError("A log is not for a terminal: give --output or a pipe.")
    }
    if output == "-", append || sync != nil {
      throw ValidationError("--append and --sync want --output.")
    }
    guard barrierEvery ?? 1 > 0 else {
      throw ValidationError("--barrier-every must be at least 1.")
    }
    _ = try options()
  }

  private func options() throws -> RecordLogOptions {
    guard let chunk = ByteCount(parsing: chunkBytes), chunk.bytes > 0,
      chunk <= .mebibytes(64)
    else { throw ValidationError("--chunk-bytes takes 1 to 64MiB, not \(chunkBytes).") }
    guard let record = ByteCount(parsing: largestRecord), record.bytes > 0,
      record <= .gibibytes(1)
    else { throw ValidationError("--largest-record takes 1 to 1GiB, not \(largestRecord).") }
    var options = RecordLogOptions()
    options.chunk = chunk
    options.largestRecord = record
    options.writerName = "rlog"
    options.packers = threading.threads
    if let sync { options.sync = sync.policy }
    options.types = [RecordType(id: 1, name: type)]
    for entry in user {
      guard let cut = entry.firstIndex(of: "=") else {
        throw ValidationError("--user takes KEY=VALUE, not \(entry).")
      }
      options.user[String(entry[..<cut])] = .string(String(entry[entry.index(after: cut)...]))
    }
    return options
  }

  func run() throws {
    let sink = try openSink(options())
    let importer = LineImporter(
      to: sink, type: try sink.declare(type: type), aside: quarantine ?? defaultQuarantine,
      isStrict: strict, limit: Int(try options().largestRecord.bytes), skipping: sink.lastCursor,
      barrierEvery: barrierEvery, commitsAll: sync?.policy == .everyCommit)
    do {
      // A crash may have come between a record and its barrier.
      try importer.putBarrier(sink.lastCursor)
      for path in inputs {
        let isTFRecord = path.hasSuffix(".tfrecord") || path.hasSuffix(".tfrecords")
        if isTFRecord {
          try importer.takeTFRecords(path, asBytes: binary)
        } else {
          try importer.take(path)
        }
      }
      try sink.finish()
      try importer.close()
    } catch let refusal as RefusedLine {
      // Nothing else was asked for than a log of all lines.
      if output != "-", !append, !isFolder { unsafe unlink(output) }
      complain("\(refusal)")
      throw ExitKind.damage
    }
    var tally = importer.tally
    if output != "-" { (tally.appended, tally.durable) = (sink.nextSequence, sink.durableSequence) }
    try tell(tally)
  }

  /// Beside the log.
  private var defaultQuarantine: String? {
    guard output != "-" else { return nil }
    return (output.hasSuffix("/") ? String(output.dropLast()) : output) + ".quarantine.jsonl"
  }

  private var isFolder: Bool {
    var isFolder: ObjCBool = false
    let isThere = unsafe FileManager.default.fileExists(atPath: output, isDirectory: &isFolder)
    return output.hasSuffix("/") || isThere && isFolder.boolValue
  }

  private func openSink(_ options: RecordLogOptions) throws -> any ImportSink {
    guard !isFolder else {
      if !append, FolderSink.isTaken(output) {
        throw FileError(.open, path: output, code: EEXIST)
      }
      let folder = output.hasSuffix("/") ? String(output.dropLast()) : output
      return try FolderSink(folder, options: options)
    }
    guard output != "-" else {
      return try RecordLogWriter(
        streamingTo: STDOUT_FILENO, name: "standard output", options: options)
    }
    guard append else { return try RecordLogWriter(creating: output, options: options) }
    return try RecordLogWriter(appendingTo: output, options: options)
  }

  private func tell(_ tally: ImportTally) throws {
    guard json else { return complain(tally.text) }
    let text = try jsonText(tally) + "\n"
    let handle = output == "-" ? FileHandle.standardError : FileHandle.standardOutput
    handle.write(Data(text.utf8))
  }
}

struct ImportTally: Encodable {
  var lines: UInt64 = 0
  var records: UInt64 = 0
  var blank: UInt64 = 0
  var quarantined: UInt64 = 0
  /// Lines that an earlier import had taken already.
  var skipped: UInt64 = 0
  /// How many records the log has by now, and how many of them survive a power cut; of a stream nobody
  /// knows.
  var appended: UInt64?
  var durable: UInt64?

  var text: String {
    var text = "\(records) records from \(lines) lines"
    if let appended, let durable, durable < appended {
      text += ", \(durable) of \(appended) durable"
    }
    if skipped > 0 { text += ", \(skipped) taken before" }
    if blank > 0 { text += ", \(blank) blank" }
    if quarantined > 0 { text += ", \(quarantined) set aside" }
    return text
  }
}
