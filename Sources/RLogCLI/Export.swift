import ArgumentParser
import Foundation
import RecordLog

struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes a log's records as JSON lines.",
    discussion: "A file gets its name when everything is in it, and not before.")

  @OptionGroup var logs: Logs
  @OptionGroup var selection: Selection
  @Option(name: .shortAndLong, help: "Where to; - is standard output.", completion: .file())
  var output = "-"

  func run() throws {
    let printer = RecordPrinter(selection, to: try Output(output))
    var result = ExitKind.good
    for path in logs.logs {
      let reader = try open(path)
      let isDone = try printer.printAll(reader)
      let kind = isDone ? .good : tellEnding(reader)
      if result == .good { result = kind }
    }
    try printer.output.close()
    complain("\(printer.count) records exported")
    if result != .good { throw result }
  }
}
