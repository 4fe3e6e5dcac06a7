import ArgumentParser
import Bytes
import Foundation
import RecordLog

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "How fast logs are here, beside bare LZ4 on the same bytes.",
    discussion: """
      Records come from a seed. Everything is measured once per round on one core, without sync, \
      from the page cache; figures are medians, with the quartiles. tools/bench-log adds other \
      programs.
      """)

  @Option(help: "prompts, pairs1k or pairs4k; all where none is given.") var corpus: [String] = []
  @Option(help: "Record bytes, such as 256MiB.") var bytes = "64MiB"
  @Option(help: "How many rounds.") var rounds = 5
  @Option(help: "What the records come from.") var seed: UInt64 = 1
  @Option(help: "Only write the records of --corpus as lines to this file.", completion: .file())
  var write: String?
  @Flag(help: "One JSON object per figure.") var json = false
  @OptionGroup var temporary: TemporaryOptions

  private struct Line: Encodable {
    var corpus: String
    var figure: String
    var unit: String
    var median: Double
    var low: Double
    var high: Double
    var rounds: Int
  }

  func validate() throws {
    for name in corpus where SampleCorpus.Kind(rawValue: name) == nil {
      throw ValidationError("--corpus takes prompts, pairs1k or pairs4k, not \(name).")
    }
    guard let size = ByteCount(parsing: bytes), (1...(4 << 30)).contains(size.bytes) else {
      throw ValidationError("--bytes takes 1 to 4GiB, not \(bytes).")
    }
    if write != nil, corpus.count != 1 { throw ValidationError("--write wants one --corpus.") }
    guard rounds > 0 else { throw ValidationError("--rounds takes 1 or more.") }
  }

  func run() throws {
    let size = ByteCount(parsing: bytes)?.bytes ?? 0
    let chosen = corpus.compactMap(SampleCorpus.Kind.init)
    let output = try Output(write)
    for kind in chosen.isEmpty ? SampleCorpus.Kind.allCases : chosen {
      let sample = SampleCorpus(kind, seed: seed, size: size)
      if write != nil {
        try output.write(sample.bytes)
        continue
      }
      let benchmark = LogBenchmark(sample, folder: temporary.temporary, seed: seed)
      try benchmark.run(rounds: rounds)
      for figure in benchmark.figures { try tell(figure, of: kind.rawValue, to: output) }
    }
    if write == nil { try tellCounting(to: output) }
    try output.close()
  }

  private func tellCounting(to output: Output) throws {
    let times = try (0..<rounds).map { _ in
      try LogBenchmark.counting(in: temporary.temporary)
    }
    for (name, rounds) in [
      ("count, sealed", times.map(\.sealed)), ("count, by headers", times.map(\.hopped)),
    ] {
      try tell(
        .init(name: name, unit: "ms", rounds: rounds.map { $0 * 1e3 }), of: "10000 chunks",
        to: output)
    }
  }

  private func tell(
    _ figure: LogBenchmark.Figure, of corpus: String, to output: Output
  ) throws {
    let line = Line(
      corpus: corpus, figure: figure.name, unit: figure.unit, median: figure.median,
      low: figure.quantile(0.25), high: figure.quantile(0.75), rounds: figure.rounds.count)
    if json {
      try output.json(line)
    } else {
      let numbers = [line.median, line.low, line.high].map(rounded)
      try output.line(
        "\(corpus)\t\(figure.name)\t\(numbers[0]) \(figure.unit)\t(\(numbers[1]) to \(numbers[2]))")
    }
    try output.flush()
  }

  private func rounded(_ value: Double) -> String {
    value >= 100 ? "\(Int(value.rounded()))" : "\((value * 1000).rounded() / 1000)"
  }
}
