import ArgumentParser
import Dispatch
import SynPO

struct StudyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "study",
    abstract: "Runs the loop in several ways and compares them in one table.",
    discussion: """
      Each way is run with --runs seeds, from --seed on. A study that was broken off goes on when it \
      is started again; runs that have ended are only read. Without a name the studies are listed.
      """)

  @Argument(help: "The study.") var name: String?

  @Option(name: .shortAndLong, help: "Runs of each way, with seeds of their own.") var runs = 3
  @Option(help: "Where the runs are kept; studies/NAME if not given.", completion: .directory)
  var folder: String?
  @Option(
    name: .customLong("models"), parsing: .upToNextOption,
    help: "For the study scale: packed models of several sizes.", completion: .file())
  var models: [String] = []
  @Option(help: "Settings in YAML; see `synpo init`.", completion: .file(extensions: ["yaml"]))
  var config: String?

  @OptionGroup var options: SettingsOptions
  @Flag(help: "The table as one JSON object.") var json = false
  @Flag(name: .shortAndLong, help: "Tell errors and the table only.") var quiet = false

  func validate() throws {
    guard (1...100).contains(runs) else { throw ValidationError("--runs must be from 1 to 100.") }
  }

  func run() async throws {
    let settings = try options.settings(config: config)
    guard let name else { return try list(settings) }
    let known = studies(settings)
    guard let study = known.first(where: { $0.name == name }) else {
      throw ValidationError(
        "There is no study '\(name)'; there are \(known.map(\.name).joined(separator: ", ")).")
    }
    guard !study.arms.isEmpty else { throw ValidationError("scale: give --models.") }
    if quiet { Console.standard.becomeQuiet() }
    let watch = Interruption.watch("interrupted; the same command goes on where this study was")
    defer { watch.cancel() }
    let (options, config) = (options, config)
    let run = StudyRun(
      study: study, folder: folder ?? "studies/\(name)",
      seeds: (0..<UInt64(runs)).map { settings.seed + $0 }
    ) { try options.settings(config: config, further: $0) }
    let narrator = RunNarrator(console: .standard)
    let report = try await run.run { arm, seed in
      Console.standard.note("\n\(name): \(arm), seed \(seed)")
    } tell: {
      narrator.tell($0)
    }
    Console.standard.clear()
    if json { return try Results.write(json: report) }
    try Results.write(StudyTable(report: report).text)
  }

  private func studies(_ settings: RunSettings) -> [Study] {
    Study.all + [.oneShot(settings), .scale(models: models)]
  }

  private func list(_ settings: RunSettings) throws {
    let rows = studies(settings).map { study in
      let arms = study.arms.map(\.name).joined(separator: ", ")
      return (study.name, study.question + (arms.isEmpty ? "" : " (\(arms))"))
    }
    try Results.write(columns(rows) + "\n")
  }
}

/// A study on a page.
struct StudyTable {
  let report: StudyReport

  var text: String {
    let head = [
      "", "runs", "right at first", "at last", "win rate", "95 of 100", "lost", "scorer's wins",
      "chosen right", "length", "gold",
    ]
    let failures = report.rows.flatMap { row in row.failures.map { "  \(row.arm), \($0)\n" } }
    return [
      "\n\(report.study): \(report.question)\n", table([head] + report.rows.map(row)),
      failures.isEmpty ? "" : "failed:\n" + failures.joined(),
      """

      right, win rate (ties are half) and chosen by the exact checker, last model against initial

      """,
    ].joined()
  }

  private func row(_ row: StudyReport.Row) -> [String] {
    guard row.runs > 0 else { return [row.arm, "0"] + Array(repeating: "-", count: 9) }
    let interval = row.duel.map { "\(percent($0.low)) to \(percent($0.high))" }
    return [
      row.arm, "\(row.runs)", percent(row.initialRight), percent(row.lastRight),
      row.duel.map { percent($0.winRate) } ?? "-", interval ?? "-", "\(row.lost)",
      percent(row.scorerWinRate), percent(row.chosenRight), decimal(row.length),
      decimal(row.goldLength),
    ]
  }
}
