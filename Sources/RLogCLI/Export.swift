import ArgumentParser
import Foundation
import RecordLog

struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes a log's records as JSON lines, as TFRecords, or as an Arrow stream.",
    discussion: """
      A file gets its name when everything is in it, and not before. One that ends in .gz or .zst \
      is compressed by the system's gzip or zstd. TFRecords hold the records' bytes, those of JSON \
      without the line feed.

      arrow is an Arrow IPC stream of the columns seq (uint64), type (utf8, the name of the record's \
      type) and record (large_binary, those of JSON without the line feed), none of them nullable, its \
      buffers packed with LZ4: pyarrow.ipc.open_stream reads it.
      """)

  enum Form: String, ExpressibleByArgument, CaseIterable { case jsonl, tfrecord, arrow }

  @OptionGroup var logs: Logs
  @OptionGroup var selection: Selection
  @Option(name: .shortAndLong, help: "Where to; - is standard output.", completion: .file())
  var output = "-"
  @Option(name: .customLong("as"), help: "In which form.") var form = Form.jsonl
  @Flag(help: "The tally as one JSON object, on standard error.") var tally = false

  func validate() throws {
    guard form != .jsonl else { return }
    if output == "-", Output.isTerminal {
      throw ValidationError("\(form) is not for a terminal: give --output or a pipe.")
    }
    if selection.envelope || selection.raw || selection.zero || selection.prefixed {
      throw ValidationError("--as \(form) takes no --envelope, --raw, -0 or --len32.")
    }
  }

  func run() throws {
    let printer = RecordPrinter(selection, to: try Output(output), as: form)
    var result = ExitKind.good
    for path in logs.logs {
      let reader = try open(path)
      let isDone = try printer.printAll(reader)
      let kind = isDone ? .good : tellEnding(reader)
      if result == .good { result = kind }
    }
    try printer.finish()
    try printer.output.close()
    if tally {
      FileHandle.standardError.write(Data("{\"records\":\(printer.count)}\n".utf8))
    } else {
      complain("\(printer.count) records exported")
    }
    if result != .good { throw result }
  }
}
