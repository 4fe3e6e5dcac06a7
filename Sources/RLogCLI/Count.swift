import ArgumentParser
import RecordLog

struct Count: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "How many records there are.",
    discussion: """
      A sealed file is asked for its own count; of others the chunks are verified, not decoded. \
      --by counts by the records' types, by segments, or by the hour (UTC) in which chunks were \
      written.
      """)

  enum Way: String, ExpressibleByArgument, CaseIterable { case type, segment, hour }

  @OptionGroup var logs: Logs
  @Option(help: "Counts by type, segment or hour.") var by: Way?
  @Flag(help: "One JSON object per log, or per count.") var json = false

  private struct Line: Encodable {
    var path: String
    var records: UInt64
  }

  func run() throws {
    let output = try Output()
    defer { try? output.flush() }
    if let by { return try count(by: by, to: output) }
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

  private struct Share: Encodable {
    var path: String
    var by: String
    var key: String
    var records: UInt64
  }

  private func count(by way: Way, to output: Output) throws {
    try logs.each { reader in
      for (key, records) in try counts(by: way, in: reader).sorted(by: { $0.key < $1.key }) {
        let name = way == .segment ? "\(UInt64(key) ?? 0)" : key
        if json {
          try output.json(
            Share(path: reader.path, by: way.rawValue, key: name, records: records))
        } else {
          let path = logs.logs.count > 1 ? "\t\(reader.path)" : ""
          try output.line("\(records)\t\(name)\(path)")
        }
      }
      return tellEnding(reader)
    }
  }

  /// By keys that sort as text.
  private func counts(by way: Way, in reader: RecordLogReader) throws -> [String: UInt64] {
    var counts: [String: UInt64] = [:]
    while let chunk = try reader.nextStoredChunk() {
      switch way {
      case .type:
        for (type, count) in chunk.countsByType {
          counts[typeName(type, in: reader.description), default: 0] += UInt64(count)
        }
      case .segment:
        let digits = "\(reader.prologue.segment)"
        let key = String(repeating: "0", count: 20 - digits.count) + digits
        counts[key, default: 0] += UInt64(chunk.count)
      case .hour:
        let hour = chunk.header.time / 3_600_000_000 * 3_600_000_000
        counts[date(max(hour, 1)) ?? "", default: 0] += UInt64(chunk.count)
      }
    }
    return counts
  }
}
