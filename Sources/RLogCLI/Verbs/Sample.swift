import ArgumentParser
import Bytes
import RecordLog

struct Sample: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "A log of some records, drawn at random, in the order they had.",
    discussion: """
      Every record is equally likely. The same seed and records give the same sample. Files are \
      gone through twice; of a pipe -n keeps its records in memory, 64 MiB at most.
      """)

  @OptionGroup var logs: Logs
  @Option(name: [.customShort("n"), .customLong("count")], help: "How many records.")
  var count: UInt64?
  @Option(name: [.customShort("p"), .customLong("share")], help: "Which share, such as 0.01.")
  var share: Double?
  @Option(help: "Which random numbers.") var seed: UInt64 = 0
  @OptionGroup var making: MakingOptions

  private static let memory = ByteCount.mebibytes(64)

  func validate() throws {
    guard (count == nil) != (share == nil) else { throw ValidationError("Give -n or -p.") }
    if let share, !(0...1).contains(share) { throw ValidationError("-p takes 0 to 1.") }
    if logs.logs.contains("-"), logs.logs.count > 1 {
      throw ValidationError("Standard input is sampled alone.")
    }
  }

  func run() throws {
    var tally = Passage()
    let kind = try making.make(of: logs) { maker in
      var random = SeededGenerator(seed: seed)
      if let share {
        return try pass(maker, &tally) { Double.random(in: 0..<1, using: &random) < share }
      }
      guard logs.logs != ["-"] else { return try reservoir(maker, &tally, &random) }
      var rest = try total()
      var wanted = min(count ?? 0, rest)
      // A record is drawn with the probability (still wanted) / (still to come).
      return try pass(maker, &tally) {
        let isDrawn = rest > 0 && UInt64.random(in: 0..<rest, using: &random) < wanted
        rest -= min(rest, 1)
        wanted -= isDrawn ? 1 : 0
        return isDrawn
      }
    }
    try making.tell(tally)
    if kind != .good { throw kind }
  }

  private func pass(
    _ maker: LogMaker, _ tally: inout Passage, _ isDrawn: () -> Bool
  ) throws -> ExitKind {
    let kind = try logs.eachRecord(barrier: maker.pass) { record, reader in
      tally.read += 1
      if isDrawn() { try maker.append(record, from: reader) }
    }
    tally.written = maker.count
    return kind
  }

  private func total() throws -> UInt64 {
    var total: UInt64 = 0
    for path in logs.logs {
      let reader = try open(path)
      while let header = try reader.nextHeader() { total += UInt64(header.recordCount) }
    }
    return total
  }

  /// Keeps the first records, then lets each further one take the place of one of them with the
  /// probability wanted / seen.
  private func reservoir(
    _ maker: LogMaker, _ tally: inout Passage, _ random: inout SeededGenerator
  ) throws -> ExitKind {
    let wanted = count ?? 0
    var kept: [Record] = []
    var bytes = 0
    let reader = try open("-")
    let kind = try every(reader) { record, _ in
      tally.read += 1
      let place = UInt64.random(in: 0..<tally.read, using: &random)
      guard tally.read <= wanted || place < wanted else { return }
      bytes += record.bytes.count
      if tally.read <= wanted {
        kept.append(record)
      } else {
        bytes -= kept[Int(place)].bytes.count
        kept[Int(place)] = record
      }
      guard bytes + kept.count * 128 <= Self.memory.bytes else {
        complain("a sample from a pipe takes at most \(Self.memory): sample a file, or use -p")
        throw ExitKind.limit
      }
    }
    for record in kept.sorted(by: { $0.sequence < $1.sequence }) {
      try maker.append(record, from: reader)
    }
    tally.written = maker.count
    return kind
  }
}
