import ArgumentParser
import RecordLog

struct Stats: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Sizes, types and times of a log's records, and how many repeat others.",
    discussion: """
      Percentiles are at most 1.6 % too large; the number of different records is an estimate \
      with a standard error of about 1 %.
      """)

  @OptionGroup var logs: Logs
  @Flag(help: "One JSON object per log.") var json = false

  private struct Line: Encodable {
    var path: String
    var chunks: Int
    var storedBytes: UInt64
    var ratio: Double
    var sizes: RecordStatistics.Sizes
    var types: [String: RecordStatistics.Sizes]
    /// Records of at least that many bytes and less than twice as many.
    var histogram: [String: UInt64]
    var distinctEstimate: UInt64
    var duplicatesEstimate: UInt64
    var earliest: String?
    var latest: String?
    var recordsPerSecond: Double?

    enum CodingKeys: String, CodingKey {
      case path, chunks, ratio, sizes, types, histogram, earliest, latest
      case storedBytes = "stored_bytes"
      case distinctEstimate = "distinct_estimate"
      case duplicatesEstimate = "duplicates_estimate"
      case recordsPerSecond = "records_per_second"
    }
  }

  func run() throws {
    let output = try Output()
    defer { try? output.flush() }
    try logs.each { reader in
      var statistics = RecordStatistics()
      while let chunk = try reader.nextChunk() {
        let description = reader.description
        statistics.add(chunk) { typeName($0, in: description) }
      }
      let line = line(statistics, reader.path)
      if json { try output.json(line) } else { try output.line(text(line, statistics)) }
      return tellEnding(reader)
    }
  }

  private func line(_ statistics: RecordStatistics, _ path: String) -> Line {
    let seconds = Double(statistics.latest - statistics.earliest) / 1e6
    let records = statistics.all.records
    return Line(
      path: path, chunks: statistics.chunks, storedBytes: statistics.storedBytes,
      ratio: ratio(statistics.all.bytes, statistics.storedBytes), sizes: statistics.all,
      types: statistics.types,
      histogram: Dictionary(
        uniqueKeysWithValues: statistics.sizeHistogram.map { ("\($0.key)", $0.value) }),
      distinctEstimate: statistics.distinctEstimate,
      duplicatesEstimate: records - statistics.distinctEstimate,
      earliest: date(statistics.earliest), latest: date(statistics.latest),
      recordsPerSecond: seconds > 0 ? (Double(records) / seconds).rounded() : nil)
  }

  private func text(_ line: Line, _ statistics: RecordStatistics) -> String {
    let all = statistics.all
    let shares = [0.5, 0.9, 0.99].map { all.percentile($0).map { "\($0)" } ?? "-" }
    var lines = [
      "\(line.path): \(all.records) records, \(all.bytes) bytes in \(line.chunks) chunks of "
        + "\(line.storedBytes), ratio \(line.ratio)",
      "  bytes        \(all.smallest ?? 0) to \(all.largest ?? 0), mean \(Int(all.mean.rounded())), "
        + "half up to \(shares[0]), 90 % up to \(shares[1]), 99 % up to \(shares[2])",
      "  different    about \(line.distinctEstimate)",
    ]
    for (name, sizes) in line.types.sorted(by: { $0.key < $1.key }) {
      lines.append("  \(name): \(sizes.records) records, \(sizes.bytes) bytes")
    }
    let top = max(statistics.sizeHistogram.values.max() ?? 1, 1)
    for (size, count) in statistics.sizeHistogram.sorted(by: { $0.key < $1.key }) {
      let bar = String(repeating: "#", count: Int((40 * count + top - 1) / top))
      lines.append("  from \(size) bytes\t\(count)\t\(bar)")
    }
    return lines.joined(separator: "\n")
  }
}
