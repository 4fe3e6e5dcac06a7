import ArgumentParser
import Dispatch
import Report
import SynPO

struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs the whole loop: questions, drafts, rewrites, pairs, training, again.",
    discussion: """
      Without a configuration the loop runs on what is built in, in some minutes. Everything is \
      kept in the output folder as it is made; a run that was interrupted goes on where it was \
      when it is started again in the same way.
      """)

  @Argument(help: "Settings in YAML; see `synpo init`.", completion: .file(extensions: ["yaml"]))
  var config: String?

  @OptionGroup var options: SettingsOptions
  @Option(help: "How many times the loop is run.") var iterations: Int?
  @Option(
    name: .customLong("seeds"), help: "Good question-answer pairs; may be given again.",
    completion: .file())
  var seedFiles: [String] = []

  @Flag(help: "Show the settings in force and end.") var dryRun = false
  @Flag(help: "The report as one JSON object.") var json = false
  @Flag(name: .shortAndLong, help: "Tell errors and the report only.") var quiet = false

  func run() async throws {
    let settings = try options.settings(config: config, further: further)
    try checkInputs(settings)
    guard !dryRun else { return try showSettings(settings) }
    if quiet { Console.standard.becomeQuiet() }
    let watch = Interruption.watch(
      "interrupted; the same command goes on where this run was (\(settings.outputDir))")
    defer { watch.cancel() }
    try RunningJob.here().write(to: RunFolder(settings.outputDir))
    let narrator = RunNarrator(console: .standard)
    let report = try await Run(settings: settings) { narrator.tell($0) }.run()
    Console.standard.clear()
    if json { return try Results.write(json: report) }
    try Results.write(RunSummary(report: report).text)
  }

  private var further: [String] {
    var changes = iterations.map { ["iterations=\($0)"] } ?? []
    if !seedFiles.isEmpty {
      changes.append("seeds=[\(seedFiles.map(quoted).joined(separator: ", "))]")
    }
    return changes
  }

  /// Finds what is missing before anything is begun.
  private func checkInputs(_ settings: RunSettings) throws {
    let model = settings.model == "embedded" ? [] : [settings.model]
    for path in model + settings.seeds + settings.keywordSources { try checkReadable(path) }
    if case .file(let path) = TemplateChoice(setting: settings.chatTemplate) {
      try checkReadable(path)
    }
  }

  private func showSettings(_ settings: RunSettings) throws {
    try Results.write(try SettingsFile.yaml(settings))
    let policy = settings.policy
    Console.standard.note(
      "SimPO in force: beta \(policy.beta), gamma \(policy.margin), "
        + "gamma_beta_ratio \(policy.margin / policy.beta), sft_weight \(policy.sftWeight)")
  }
}
