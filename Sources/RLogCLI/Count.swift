import ArgumentParser
import RecordLog

struct Count: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "How many records there are.",
    discussion: """
      A sealed file is asked for its own count; of others the chunks are verified, not decoded.
      """)

  @OptionGroup var logs: Logs
  @Flag(help: "One JSON object per log.") var json = false

  private struct Line: Encodable {
    var path: String
    var records: UInt64
  }

  func run() throws {
    let output = try Output()
    defer { try? output.flush() }
    try logs.each { reader in
      var records: UInt64 = 0
      var kind = ExitKind.good
      if let summary = reader.summary {
        records = summary.records
      } else {
        while let header = try reader.nextHeader(verifying: .stored) {
          records += UInt64(header.recordCount)
        }
        kind = tellEnding(reader)
      }
      if json {
        try output.json(Line(path: reader.path, records: records))
      } else {
        try output.line(logs.logs.count > 1 ? "\(records)\t\(reader.path)" : "\(records)")
      }
      return kind
    }
  }
}
