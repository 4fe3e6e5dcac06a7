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
      """)

  @Argument(help: "Files with one JSON value per line; - is standard input.", completion: .file())
  var inputs: [String] = ["-"]

  @Option(name: .shortAndLong, help: "The log; - is standard output.", completion: .file())
  var output = "-"

  @Flag(help: "Take the records of TFRecord files as bytes, whatever they are.") var binary = false
  @Flag(help: "Continue an unsealed log.") var append = false
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
    if output == "-", append { throw ValidationError("--append wants --output.") }
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
    let writer = try openWriter(options())
    try writer.checkRoom(forType: type)
    let aside = quarantine ?? (output == "-" ? nil : output + ".quarantine.jsonl")
    let importer = LineImporter(
      to: writer, type: writer.declare(type), aside: aside, isStrict: strict,
      limit: Int(try options().largestRecord.bytes), skipping: writer.lastCursor)
    do {
      for path in inputs {
        let isTFRecord = path.hasSuffix(".tfrecord") || path.hasSuffix(".tfrecords")
        if isTFRecord {
          try importer.takeTFRecords(path, asBytes: binary)
        } else {
          try importer.take(path)
        }
      }
      try writer.finish()
      try importer.close()
    } catch let refusal as RefusedLine {
      // Nothing else was asked for than a log of all lines.
      if output != "-", !append { unsafe unlink(output) }
      complain("\(refusal)")
      throw ExitKind.damage
    }
    try tell(importer.tally)
  }

  private func openWriter(_ options: RecordLogOptions) throws -> RecordLogWriter {
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

  var text: String {
    var text = "\(records) records from \(lines) lines"
    if skipped > 0 { text += ", \(skipped) taken before" }
    if blank > 0 { text += ", \(blank) blank" }
    if quarantined > 0 { text += ", \(quarantined) set aside" }
    return text
  }
}
