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

  @Flag(help: "One JSON object.") var json = false

  func run() throws {
    try LogCopy.seal(log)
    try tellMade(log, json: json, "is sealed")
  }
}

struct Reindex: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Copies a log and writes its index and seal anew.",
    discussion: "For logs whose records are whole; else see repair.")

  @Argument(help: "The log.", completion: .file()) var log: String

  @Option(name: .shortAndLong, help: "The copy, which must not exist.", completion: .file())
  var output: String

  @Flag(help: "One JSON object.") var json = false

  func run() throws {
    try LogCopy.reindex(log, to: output)
    try tellMade(output, json: json, "has a new index")
  }
}

private struct Made: Encodable {
  var path: String
  var records: UInt64
}

/// Says that a log is whole now.
func tellMade(_ path: String, json: Bool, _ what: String) throws {
  let reader = try open(path)
  let records = reader.summary?.records ?? 0
  guard json else { return complain("\(path) \(what), \(records) records") }
  let output = try Output()
  try output.json(Made(path: path, records: records))
  try output.flush()
}
