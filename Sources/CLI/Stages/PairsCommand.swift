import ArgumentParser
import SynPO

struct PairsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pairs",
    abstract: "Keeps the pairs in which the rewrite beats the baseline.",
    discussion: """
      Both logs must answer the same prompts in the same order. The reward head is that of \
      --output-dir; where there is none yet, it is fitted to the seeds.rlg there.
      """)

  @Argument(help: "The log of rewrites; - is standard input.", completion: .file())
  var rewrites: String

  @Argument(help: "The log of baselines.", completion: .file()) var baselines: String

  @Option(help: ScorerHelp.text) var scorer: String?
  @OptionGroup var stage: StageOptions
  @OptionGroup var log: LogOutput

  func run() async throws {
    for path in [rewrites, baselines] where path != "-" { try checkReadable(path) }
    let bench = try Workbench(settings: try stage.settings(further: scorerChange(scorer)))
    let summary = try await bench.pairs(
      rewrites: rewrites, baselines: baselines, to: log.output, iteration: stage.iteration,
      progress: showStage)
    tellEnd(of: summary)
  }
}

/// The setting that a `--scorer` stands for.
func scorerChange(_ scorer: String?) -> [String] { scorer.map { ["scorer.name=\($0)"] } ?? [] }
