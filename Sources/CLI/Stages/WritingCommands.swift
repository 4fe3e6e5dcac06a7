import ArgumentParser
import Corpus
import SynPO

/// Which model writes, what it reads and where its words go.
struct WritingOptions: ParsableArguments {
  @Argument(help: "The log to read; - is standard input.", completion: .file()) var input = "-"

  @Option(
    help: "The folder that a training has left; without it the initial model writes.",
    completion: .directory)
  var trained: String?

  @OptionGroup var stage: StageOptions
  @OptionGroup var log: LogOutput

  /// Opens the model and runs one stage with it.
  func run(
    _ body: (RecipeStages, ChatModel, _ input: String, _ output: String) async throws ->
      StageSummary
  ) async throws {
    if input != "-" { try checkReadable(input) }
    let bench = try Workbench(settings: try stage.settings())
    let model = try trained.map { try bench.trained(in: $0) } ?? bench.initial
    let stages = RecipeStages(
      settings: bench.settings, iteration: stage.iteration, progress: showStage)
    tellEnd(of: try await body(stages, model, input, log.output))
  }
}

struct PromptsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prompts",
    abstract: "Lets the generator make questions of keyword lists.")

  @OptionGroup var writing: WritingOptions

  func run() async throws {
    try await writing.run { try await $0.prompts($1, from: $2, to: $3) }
  }
}

struct RespondCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "respond",
    abstract: "Lets a model answer questions.")

  /// What the answers are for; random choices differ between them.
  enum Purpose: String, CaseIterable, ExpressibleByArgument {
    case draft, baseline, seeds
  }

  @Option(help: "draft: to be rewritten; baseline: to be beaten; seeds: to a log of seeds.")
  var kind = Purpose.draft

  @Option(help: "Which of several answers to the same questions, from 0; a log for each.")
  var sample = 0

  @OptionGroup var writing: WritingOptions

  func validate() throws {
    guard sample >= 0 else { throw ValidationError("--sample must not be negative.") }
  }

  func run() async throws {
    let (kind, sample) = (kind, sample)
    try await writing.run { stages, model, input, output in
      switch kind {
      case .draft, .baseline:
        try await stages.answers(
          model, kind: kind == .draft ? .draft : .baseline, sample: sample, from: input,
          to: output)
      case .seeds: try await stages.seedAnswers(model, sample: sample, from: input, to: output)
      }
    }
  }
}

struct ImproveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "improve",
    abstract: "Lets the improver rewrite drafts.")

  @OptionGroup var writing: WritingOptions

  func run() async throws {
    try await writing.run { try await $0.rewrites($1, from: $2, to: $3) }
  }
}
