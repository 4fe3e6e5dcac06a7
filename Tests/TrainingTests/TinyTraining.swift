import Foundation
import ModelConversion
import ModelFile
import Tensor
import TestSupport
import Training
import Transformer

/// A training of seconds: twelve prompts with answers of random tokens, three batches an epoch,
/// eighteen steps.
struct TinyTraining {
  let folder: TemporaryFolder
  let packed: String

  static let adapter = TrainedPart.adapter(targets: LinearName.allCases, rank: 4, alpha: 8)

  init() throws {
    folder = try TemporaryFolder()
    packed = folder.file("model.packed")
    _ = try ModelImport.run(from: Shared.path("fixtures/llama-tied"), to: packed, encoding: .int8)
  }

  func model(threads: Int = 2) throws -> LanguageModel {
    try LanguageModel(file: PackedModelFile(path: packed), workers: Workers(threads: threads))
  }

  func settings(
    _ objective: Objective, _ part: TrainedPart = adapter, arithmetic: Arithmetic = .int8
  ) -> TrainingSettings {
    var settings = TrainingSettings(objective: objective, part: part)
    settings.learningRate = part == .everything ? 3e-3 : 2e-2
    settings.batchSize = 4
    settings.epochs = 6
    settings.rowsPerPass = 64
    settings.saveSteps = 3
    settings.arithmetic = arithmetic
    return settings
  }

  func run(
    _ settings: TrainingSettings, threads: Int = 2, heldBack: Int = 0, folder: String? = nil
  ) throws -> TrainingRun {
    let all = examples(settings.objective, count: 12 + heldBack)
    return TrainingRun(
      base: try model(threads: threads), settings: settings, examples: Array(all.prefix(12)),
      heldBack: Array(all.dropFirst(12)), folder: folder)
  }

  func examples(_ objective: Objective, count: Int = 12) -> [TrainingExample] {
    var random = CounterRandom(seed: 3, stream: "examples")
    func tokens(_ count: Int) -> [Int32] {
      (0..<count).map { _ in Int32.random(in: 4..<469, using: &random) }
    }
    return (0..<count).map { index in
      let prompt = tokens(5 + index)
      let chosen = tokens(4 + index % 5) + [1]
      let rejected = tokens(7 - index % 3) + [1]
      return objective == .imitation
        ? TrainingExample(prompt: prompt, completion: chosen)
        : TrainingExample(prompt: prompt, chosen: chosen, rejected: rejected)
    }
  }
}

/// What a training says of each step.
func reports(_ run: TrainingRun) throws -> [StepReport] {
  var reports: [StepReport] = []
  _ = try run.run { event in
    if case .step(let report) = event { reports.append(report) }
  }
  return reports
}

func values(_ trainer: Trainer) -> [[Float]] { trainer.optimiser.parameters.map(\.matrix.values) }
