import Foundation
import ModelConversion
import ModelFile
import Tensor
import TestSupport
import Testing
import Training
import Transformer

@Suite(.enabled(if: Shared.isPresent))
struct TrainingRunTests {
  let folder: TemporaryFolder
  let packed: String

  init() throws {
    folder = try TemporaryFolder()
    packed = folder.file("model.packed")
    _ = try ModelImport.run(from: Shared.path("fixtures/llama-tied"), to: packed, encoding: .int8)
  }

  static let parts: [TrainedPart] = [
    .everything, .adapter(targets: LinearName.allCases, rank: 4, alpha: 8),
  ]

  @Test(arguments: parts)
  func `imitation makes the answers likelier`(part: TrainedPart) throws {
    var losses: [Double] = []
    _ = try run(.imitation, part).run { event in
      if case .step(let report) = event { losses.append(report.loss) }
    }
    let last = try #require(losses.last)
    #expect(last < 0.8 * losses[0], "\(losses)")
  }

  @Test(arguments: parts)
  func `preference makes the chosen lead`(part: TrainedPart) throws {
    var margins: [Double] = []
    _ = try run(.preference(SimPO()), part).run { event in
      if case .step(let report) = event { margins.append(report.rewardsMargins ?? .nan) }
    }
    let last = try #require(margins.last)
    #expect(last > margins[0] + 1, "\(margins)")
  }

  @Test(arguments: parts)
  func `a reward learns to tell the chosen from the rejected`(part: TrainedPart) throws {
    var reports: [StepReport] = []
    _ = try run(.reward(), part).run { event in
      if case .step(let report) = event { reports.append(report) }
    }
    let (first, last) = (reports[0], try #require(reports.last))
    #expect(abs(first.loss - log(2)) < 0.2 && last.loss < 0.5 * first.loss, "\(reports)")
    #expect(last.rewardsAccuracies == 1 && (last.rewardsMargins ?? 0) > 1)
    #expect(last.logpsChosen == nil && last.nllLoss == nil)
  }

  @Test(arguments: parts)
  func `a reward broken off ends with the same numbers, its head's too`(part: TrainedPart) throws {
    let whole = try run(.reward(), part).run { _ in }
    let broken = try run(.reward(), part, folder: folder.file("reward"))
    #expect(throws: Broken.self) {
      try broken.run { event in
        if case .step(let report) = event, report.step == 7 { throw Broken() }
      }
    }
    let resumed = try broken.run { _ in }
    #expect(values(resumed) == values(whole))
    #expect(whole.scoreHead != nil && whole.optimiser.parameters.last?.name == "score.weight")
  }

  @Test(arguments: [Objective.imitation, .preference(SimPO()), .reward()])
  func `examples longer than the model can read are cut to what it can`(
    objective: Objective
  ) throws {
    var settings = settings(objective, Self.parts[1])
    settings.limits = LengthLimits(maximumLength: 1 << 20)
    settings.epochs = 1
    let model = try LanguageModel(file: PackedModelFile(path: packed))
    let limit = model.contextLimit
    let long = (0..<3 * limit).map { Int32(4 + $0 % 400) }
    let example =
      objective == .imitation
      ? TrainingExample(prompt: long, completion: long)
      : TrainingExample(prompt: long, chosen: long, rejected: Array(long.dropFirst()))
    let run = TrainingRun(base: model, settings: settings, examples: [example])
    let longest = run.examples[0].answers.map { $0.count + run.examples[0].prompt.count }.max()
    #expect(longest == limit)
    #expect(try run.run { _ in }.step == 1)
  }

  @Test func `a forward pass in int8 learns the same, nearly`() throws {
    var ends: [Double] = []
    for arithmetic in [Arithmetic.float, .rowwise] {
      let run = try run(.preference(SimPO()), Self.parts[1], arithmetic: arithmetic)
      var losses: [Double] = []
      _ = try run.run { event in
        if case .step(let report) = event { losses.append(report.loss) }
      }
      ends.append(try #require(losses.last))
      #expect(losses[0] > 1.3 * ends[ends.count - 1])
    }
    #expect(abs(ends[0] - ends[1]) < 0.1 * ends[0], "\(ends)")
  }

  @Test(arguments: parts)
  func `the numbers are the same with one thread and with two`(part: TrainedPart) throws {
    let one = try run(.preference(SimPO()), part, threads: 1).run { _ in }
    let two = try run(.preference(SimPO()), part, threads: 2).run { _ in }
    #expect(values(one) == values(two))
  }

  @Test(arguments: parts)
  func `a training broken off at any step ends with the same numbers`(part: TrainedPart) throws {
    let whole = values(try run(.preference(SimPO()), part).run { _ in })
    for step in [1, 4, 9, 17] {
      let place = folder.file("broken-\(step)")
      let broken = try run(.preference(SimPO()), part, folder: place)
      #expect(throws: Broken.self) {
        try broken.run { event in
          if case .step(let report) = event, report.step == step { throw Broken() }
        }
      }
      var resumed: Int?
      let trainer = try broken.run { event in
        if case .resumed(let step) = event { resumed = step }
      }
      // Checkpoints are written after every third step.
      #expect(resumed == (step > 3 ? (step - 1) / 3 * 3 : nil))
      #expect(values(trainer) == whole)
      broken.discardCheckpoints()
      #expect(try FileManager.default.contentsOfDirectory(atPath: place).isEmpty)
    }
  }

  @Test func `of a damaged checkpoint nothing is used, the one before it counts`() throws {
    let place = folder.file("damaged")
    let part = Self.parts[1]
    let whole = values(try run(.imitation, part, folder: place).run { _ in })
    let names = try FileManager.default.contentsOfDirectory(atPath: place).sorted()
    #expect(names == ["checkpoint-15.state", "checkpoint-18.state"])
    let newest = URL(filePath: "\(place)/checkpoint-18.state")
    var bytes = try Data(contentsOf: newest)
    bytes[bytes.count / 2] ^= 4
    try bytes.write(to: newest)
    var resumed: Int?
    let trainer = try run(.imitation, part, folder: place).run { event in
      if case .resumed(let step) = event { resumed = step }
    }
    #expect(resumed == 15)
    #expect(values(trainer) == whole)
  }

  @Test func `a checkpoint of other data is not taken up`() throws {
    let place = folder.file("other")
    _ = try run(.imitation, Self.parts[1], folder: place).run { _ in }
    var resumed: Int?
    _ = try run(.preference(SimPO()), Self.parts[1], folder: place).run { event in
      if case .resumed(let step) = event { resumed = step }
    }
    #expect(resumed == nil)
  }

  @Test func `nothing to learn from is an error with the reasons`() throws {
    let model = try LanguageModel(file: PackedModelFile(path: packed))
    let empty = TrainingRun(
      base: model, settings: settings(.imitation, Self.parts[1]),
      examples: [TrainingExample(prompt: [1], completion: [])])
    #expect(throws: TrainingError.noExamples(setAside: [.emptyAnswer: 1])) {
      _ = try empty.run { _ in }
    }
  }

  private struct Broken: Error {}

  private func run(
    _ objective: Objective, _ part: TrainedPart, threads: Int = 2, folder: String? = nil,
    arithmetic: Arithmetic = .float
  ) throws -> TrainingRun {
    let model = try LanguageModel(
      file: PackedModelFile(path: packed), workers: Workers(threads: threads))
    var settings = settings(objective, part)
    settings.arithmetic = arithmetic
    return TrainingRun(
      base: model, settings: settings, examples: examples(objective), folder: folder)
  }

  private func settings(_ objective: Objective, _ part: TrainedPart) -> TrainingSettings {
    var settings = TrainingSettings(objective: objective, part: part)
    settings.learningRate = part == .everything ? 3e-3 : 2e-2
    settings.batchSize = 4
    settings.epochs = 6
    settings.rowsPerPass = 64
    settings.saveSteps = 3
    return settings
  }

  /// Twelve prompts with answers of random tokens; three batches an epoch, eighteen steps.
  private func examples(_ objective: Objective) -> [TrainingExample] {
    var random = CounterRandom(seed: 3, stream: "examples")
    func tokens(_ count: Int) -> [Int32] {
      (0..<count).map { _ in Int32.random(in: 4..<469, using: &random) }
    }
    return (0..<12).map { index in
      let prompt = tokens(5 + index)
      let chosen = tokens(4 + index % 5) + [1]
      let rejected = tokens(7 - index % 3) + [1]
      return objective == .imitation
        ? TrainingExample(prompt: prompt, completion: chosen)
        : TrainingExample(prompt: prompt, chosen: chosen, rejected: rejected)
    }
  }

  private func values(_ trainer: Trainer) -> [[Float]] {
    trainer.optimiser.parameters.map(\.matrix.values)
  }
}
