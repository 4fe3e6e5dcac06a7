import ArgumentParser
import Bytes
import Foundation
import SynPO

struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Says what a run will take here: time, memory and disk of each part.",
    discussion: """
      The model itself is measured on this machine for some seconds to minutes: it answers seeds, \
      its scorer scores them, and steps of each training are taken on examples made of the seeds. \
      Nothing of that stays, except for a model that had to be packed, which the run uses. Other \
      work on the machine meanwhile spoils the figures. What was taken for granted is told below \
      the table. --outcome sets a run that has ended beside its plan.
      """)

  @Argument(help: "Settings in YAML; see `synpo init`.", completion: .file(extensions: ["yaml"]))
  var config: String?

  @OptionGroup var options: SettingsOptions
  @Option(help: "Seconds for which seeds are answered; more gives a better sample.")
  var patience: Double = 8
  @Option(help: "The folder of a run with these settings, to compare.", completion: .directory)
  var outcome: String?
  @Flag(help: "One JSON object.") var json = false
  @Flag(name: .shortAndLong, help: "Tell errors and the plan only.") var quiet = false

  func validate() throws {
    guard patience > 0, patience <= 3600 else {
      throw ValidationError("--patience must be above 0 and at most 3600 seconds.")
    }
  }

  func run() async throws {
    let settings = try options.settings(config: config)
    let model = settings.model == "embedded" ? [] : [settings.model]
    for path in model + settings.seeds + settings.keywordSources { try checkReadable(path) }
    if quiet { Console.standard.becomeQuiet() }
    let report = try outcome.map(finished)
    let plan = try await PlanMeasurement(settings: settings, patience: patience) {
      Console.standard.note("measuring: \($0)")
    }.run()
    try tell(PlanFacts(plan: plan, report: report, settings: settings), json: json)
  }

  private func finished(_ folder: String) throws -> RunReport {
    let path = RunFolder(folder).file("report.json")
    try checkReadable(path)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(RunReport.self, from: Data(contentsOf: URL(filePath: path)))
  }
}

/// A plan on a page, beside what happened where that is known.
struct PlanFacts: Facts {
  let plan: Plan
  let report: RunReport?
  let settings: RunSettings

  private enum CodingKeys: String, CodingKey {
    case parts, seconds, ownBytes, mappedBytes, cacheBytes, diskBytes, highestDiskBytes
    case assumptions, outcome
  }

  func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(plan.parts, forKey: .parts)
    try values.encode(plan.seconds, forKey: .seconds)
    try values.encode(plan.ownBytes, forKey: .ownBytes)
    try values.encode(plan.mappedBytes, forKey: .mappedBytes)
    try values.encode(plan.cacheBytes, forKey: .cacheBytes)
    try values.encode(plan.diskBytes, forKey: .diskBytes)
    try values.encode(plan.highestDiskBytes, forKey: .highestDiskBytes)
    try values.encode(plan.assumptions, forKey: .assumptions)
    try values.encodeIfPresent(report, forKey: .outcome)
  }

  var text: String {
    let iterations = (0...settings.iterations).map { number in
      let title = number == 0 ? "before the first iteration" : "iteration \(number)"
      return "\(title)\n\(rows(of: number))"
    }
    return iterations.joined(separator: "\n") + "\n" + sums + "\n" + assumptions
  }

  private func rows(of iteration: Int) -> String {
    let parts = plan.parts.filter { $0.iteration == iteration }
    let took = parts.map { report?.seconds($0.name, iteration: iteration) }
    var rows = [["", "items", "time", "own memory", "disk"] + (report == nil ? [] : ["took", ""])]
    for (part, took) in zip(parts, took) {
      rows.append(cells(part) + outcome(planned: part.seconds, took: took))
    }
    let whole = plan.seconds(ofIteration: iteration)
    rows.append(
      ["together", "", seconds(whole), "", ""]
        + outcome(planned: whole, took: took.contains { $0 != nil } ? sum(took) : nil))
    return table(rows)
  }

  private func cells(_ part: Plan.Part) -> [String] {
    [
      part.name, "\(part.items)", seconds(part.seconds), "\(ByteCount(part.ownBytes))",
      "\(ByteCount(part.diskBytes))",
    ]
  }

  private func sum(_ values: [Double?]) -> Double { values.reduce(0) { $0 + ($1 ?? 0) } }

  /// What it took, and the plan as a share of that.
  private func outcome(planned: Double, took: Double?) -> [String] {
    guard report != nil else { return [] }
    guard let took else { return ["-", ""] }
    return [seconds(took), took < 0.5 ? "" : "\(percent(planned / took)) planned"]
  }

  private func seconds(_ value: Double) -> String {
    value < 100 ? "\(fixed(value, decimals: 1)) s" : clock(value)
  }

  private var sums: String {
    var time = seconds(plan.seconds)
    if let report { time += ", took \(seconds(report.seconds))" }
    var memory = "\(ByteCount(plan.ownBytes)) of its own at most"
    if let report { memory += " (it was \(ByteCount(report.peakOwnBytes)))" }
    return "in sum\n"
      + columns([
        ("time", time), ("memory", memory),
        ("", "of it caches of texts under way: \(ByteCount(plan.cacheBytes)) at most"),
        ("mapped", "\(ByteCount(plan.mappedBytes)) of weights, which may leave memory at any time"),
        (
          "disk",
          "\(ByteCount(plan.diskBytes)) in the end, \(ByteCount(plan.highestDiskBytes)) at most "
            + "while checkpoints are there"
        ),
      ])
  }

  private var assumptions: String {
    "taken for granted\n" + plan.assumptions.map { "  - \($0)\n" }.joined()
  }
}
