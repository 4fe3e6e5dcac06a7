import ArgumentParser
import RecordLog

struct Seal: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Ends a log whose writer did not.",
    discussion: """
      Index and seal are appended; bytes behind the last whole chunk go to a file of their own. \
      Refused where somebody writes the log, or where acknowledged bytes are damaged.
      """)

  @Argument(help: "The log.", completion: .file()) var log: String

  func run() throws {
    try LogCopy.seal(log)
    complain("\(log) is sealed")
  }
}

struct Reindex: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Copies a log and writes its index and seal anew.",
    discussion: "For logs whose records are whole; else see repair.")

  @Argument(help: "The log.", completion: .file()) var log: String

  @Option(name: .shortAndLong, help: "The copy, which must not exist.", completion: .file())
  var output: String

  func run() throws {
    try LogCopy.reindex(log, to: output)
    complain("\(output) has a new index")
  }
}
