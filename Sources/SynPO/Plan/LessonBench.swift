internal import Bytes
internal import Corpus
internal import Foundation
internal import Tensor
internal import Training
internal import Transformer

extension PlanBench {
  /// A training with examples like those of a run.
  struct Lesson {
    let settings: TrainingSettings
    /// Cut to the training's limits.
    let examples: [TrainingExample]

    init(_ settings: TrainingSettings, _ examples: [TrainingExample], contextLimit: Int) {
      self.settings = settings
      self.examples = settings.limits.within(contextLimit).sort(examples).fitting
    }

    /// Rows of an example, on average.
    var meanRows: Double { rows(examples) / Double(max(examples.count, 1)) }

    /// As many examples as so many steps take, of all lengths.
    func examples(forSteps steps: Int) -> [TrainingExample] {
      let sorted = examples.sorted { $0.rows < $1.rows }
      let count = min(steps * settings.batchSize, sorted.count)
      return (0..<count).map { sorted[(2 * $0 + 1) * sorted.count / (2 * count)] }
    }

    private func rows(_ examples: [TrainingExample]) -> Double {
      Double(examples.reduce(0) { $0 + $1.rows })
    }
  }

  /// The trainings on seeds: with the sample in place of drafts and of rejected answers.
  func lessons(_ sample: AnswerSample) throws -> [String: Lesson] {
    let examples = LearningExamples(settings: settings, chat: chat)
    let drafts = sample.answered.map { seed, text in
      Answer(.draft, prompt: seed.prompt, answer: text, origin: Origin(parents: [seed.id]))
    }
    let pairs = sample.answered.map { seed, text in
      PreferencePair(
        prompt: seed.prompt, chosen: seed.answer, rejected: text, scoreChosen: 1,
        scoreRejected: 0, source: "plan", origin: Origin(parents: [seed.id]))
    }
    let everyone = LengthScorer(threshold: -.infinity)
    func lesson(_ settings: TrainingSettings, _ examples: [TrainingExample]) -> Lesson {
      Lesson(settings, examples, contextLimit: chat.model.contextLimit)
    }
    return [
      "generator": lesson(
        settings.generator.training(.imitation, seed: settings.seed),
        try examples.generator(sources.seeds)),
      "improver": lesson(
        settings.improver.training(.imitation, seed: settings.seed),
        try examples.improver(sample.answered.map(\.seed), answers: drafts, scorer: everyone)),
      "policy": lesson(
        settings.policy.training(seed: settings.seed), try examples.policy(pairs)),
      "reward": lesson(
        settings.scorer.training(seed: settings.seed), try examples.policy(pairs)),
    ]
  }

  /// What steps of the training `name` take, and what it leaves.
  func rates(
    _ name: String, _ lessons: [String: Lesson], _ learning: LearningSettings,
    _ tell: (String) -> Void
  ) throws -> TrainingRates {
    guard isNeeded(name), let lesson = lessons[name] else { return .none }
    try checkMemory(learning, name)
    tell("training: \(name)")
    var settings = lesson.settings
    let rowsOfStep = lesson.meanRows * Double(settings.batchSize)
    let examples = lesson.examples(forSteps: steps(of: rowsOfStep))
    settings.epochs = examples.count > settings.batchSize ? 1 : 2
    settings.saveSteps = settings.steps(examples: examples.count)
    let folder = RunFolder(scratch.file(name))
    var (steps, saves, checkpoint) = ([Double](), [Double](), 0)
    let memory = MemoryPeak()
    var last = Date()
    try Learning(store: store, folder: folder, settings: settings, base: chat).finish {
      examples
    } tell: { event in
      let passed = Date().timeIntervalSince(last)
      if case .step = event { steps.append(passed) }
      if case .saved(let path, _) = event {
        saves.append(passed)
        checkpoint = try fileBytes(path)
      }
      last = Date()
    }
    return TrainingRates(
      // The first step also makes what the others use again.
      secondsPerRow: mean(steps.dropFirst()) / max(rowsOfStep, 1), saving: mean(saves[...]),
      finishing: Date().timeIntervalSince(last), ownBytes: memory.own.bytes,
      checkpointBytes: checkpoint, resultBytes: try fileBytes(folder.path))
  }

  private func isNeeded(_ name: String) -> Bool {
    switch name {
    case "generator": settings.recipe != .seeds
    case "improver": settings.recipe == .synpo && settings.useImprover
    case "reward": settings.scorer.name == .trainedReward
    default: true
    }
  }

  /// Two steps; more, where they are so short that chance would show.
  private func steps(of rows: Double) -> Int {
    let operations = 6 * rows * Double(chat.model.parameterCount)
    return operations < 2e10 ? 12 : operations < 2e11 ? 4 : 2
  }

  private func mean(_ values: ArraySlice<Double>) -> Double {
    values.reduce(0, +) / Double(max(values.count, 1))
  }

  /// Weights, gradient and the optimiser's two means as floats have to fit where all are trained.
  private func checkMemory(_ learning: LearningSettings, _ name: String) throws(SynPOError) {
    guard learning.method == .full, let available = ResidentMemory.machine() else { return }
    let each = learning.optim == .float32 ? 16 : 10
    let needed = ByteCount(each * chat.model.parameterCount)
    guard needed.bytes < available.bytes else {
      throw .memory(
        needed: needed, available: available,
        what: "training all weights (\(name).method: full; lora needs far less)")
    }
  }
}

extension TrainingRates {
  /// Of a training that does not take place.
  fileprivate static let none = TrainingRates(
    secondsPerRow: 0, saving: 0, finishing: 0, ownBytes: 0, checkpointBytes: 0, resultBytes: 0)
}

extension TrainingExample {
  /// Rows that the example makes in a pass: its prompt counts once.
  fileprivate var rows: Int {
    TokenBatch.rows(prompt: prompt.count, answers: answers.map(\.count))
  }
}
