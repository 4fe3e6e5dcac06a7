import ArgumentParser
import Foundation
import SynPO

struct EvalCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Measures a model on seeds that it has not learnt from.",
    discussion: "Answers are drawn as the setting validation_temperature says; 0: likeliest.")

  @Argument(help: "A log of seeds, such as held-back.rlg of a run.", completion: .file())
  var seeds: String

  @Option(
    help: "The folder that a training has left; without it the initial model is measured.",
    completion: .directory)
  var trained: String?

  @Option(
    name: .shortAndLong, help: "Where the answers are kept; else they are not.",
    completion: .file())
  var output: String?

  @Option(help: ScorerHelp.text) var scorer: String?
  @OptionGroup var stage: StageOptions
  @Flag(help: "One JSON object.") var json = false

  func run() async throws {
    try checkReadable(seeds)
    let bench = try Workbench(settings: try stage.settings(further: scorerChange(scorer)))
    let model = try trained.map { try bench.trained(in: $0) } ?? bench.initial
    let answers =
      output
      ?? FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).rlg").path
    defer { if output == nil { try? FileManager.default.removeItem(atPath: answers) } }
    let stages = RecipeStages(
      settings: bench.settings, iteration: stage.iteration, progress: showStage)
    tellEnd(of: try await stages.validationAnswers(model, from: seeds, to: answers))
    let result = try await bench.measure(
      answers, of: model, to: seeds, iteration: stage.iteration)
    try tell(EvalFacts(validation: result), json: json)
  }
}

/// How a model did.
struct EvalFacts: Facts {
  let validation: Validation

  func encode(to encoder: any Encoder) throws { try validation.encode(to: encoder) }

  var text: String {
    let right = validation.accuracy.map { "\(percent($0)) of \(validation.checked)" }
    return columns([
      ("answers", "\(validation.answers)"), ("right", right ?? "cannot be checked"),
      ("mean score", fixed(validation.meanScore, decimals: 4)),
      ("gold loss", "\(fixed(validation.goldLoss, decimals: 4)) nats a token"),
      (
        "length",
        "\(decimal(validation.meanLength)) characters, gold \(decimal(validation.meanGoldLength))"
      ),
      ("repetitive", percent(validation.repetitive)),
    ])
  }
}
