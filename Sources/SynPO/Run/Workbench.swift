internal import Corpus
internal import Foundation
internal import ModelConversion
internal import Tokenization
public import Training
internal import Transformer

/// The parts of the recipe one by one, for those who run the stages themselves.
///
/// A ``Run`` does the same in order; what the stages write can be mixed with what a run has written.
public struct Workbench: Sendable {
  public let settings: RunSettings
  /// The initial model, which the settings name.
  public var initial: ChatModel { store.initial }
  private let store: ModelStore
  private let folder: RunFolder

  /// Opens the model; one that is not packed is packed into the folder `output_dir`.
  ///
  /// Where the scorer is a reward that is fitted to seeds, it is that of the folder; one that is not
  /// there yet is fitted to the folder's `seeds.rlg`.
  public init(settings: RunSettings) throws {
    self.settings = settings
    folder = RunFolder(settings.outputDir)
    if settings.model != "embedded" { try folder.make() }
    store = try ModelStore(settings: settings, folder: folder)
  }

  /// The model that a training left in `path`: an adapter over the initial model, or a whole one.
  public func trained(in path: String) throws -> ChatModel {
    try store.trained(in: RunFolder(path))
  }

  /// Rewrites and baselines, both logs of answers, to pairs that pass the filter.
  public func pairs(
    rewrites: String, baselines: String, to output: String, iteration: Int,
    progress: @escaping @Sendable (String, UInt64) -> Void
  ) async throws -> StageSummary {
    let stage = PairStage(
      settings: settings, scorer: try await scorer(), iteration: iteration, progress: progress)
    return try await stage.run(rewrites: rewrites, baselines: baselines, to: output)
  }

  /// What is learnt; each case names the logs it is learnt from.
  public enum Lesson: Sendable {
    /// The seeds' own answers, with the settings `generator`.
    case answers(seeds: String)
    /// Keywords to questions.
    case generator(seeds: String)
    /// Answers to the seeds, to the seeds' own where these are better.
    case improver(seeds: String, answers: String)
    /// Chosen before rejected.
    case policy(pairs: String)
    /// A number for an answer that is higher for chosen than for rejected ones, with the settings
    /// `scorer.learning`.
    case reward(pairs: String)
  }

  /// Trains into the folder `path`, from the last checkpoint if there is one; a training that has
  /// ended is not repeated.
  ///
  /// - Parameters:
  ///   - heldBack: what is only looked at meanwhile.
  ///   - start: an adapter to go on from, a PEFT folder or a GGUF file; a fresh one if nil. Its rank
  ///     counts, not that of the settings.
  public func train(
    _ lesson: Lesson, heldBack: Lesson? = nil, from start: String? = nil, into path: String,
    tell: @escaping (TrainingEvent) throws -> Void
  ) async throws -> String {
    let examples = try await examples(of: lesson)
    var learning = Learning(
      store: store, folder: RunFolder(path), settings: training(lesson), base: store.initial)
    learning.start = try start.map(adapter)
    if let heldBack { learning.heldBack = try await self.examples(of: heldBack) }
    if case .policy(let pairs) = heldBack { learning.sampling = try probe(pairs) }
    if case .reward = lesson {
      return try learning.runReward(examples: { examples }, tell: tell).chat.fingerprint
    }
    return try learning.run(examples: { examples }, tell: tell).fingerprint
  }

  private func adapter(_ path: String) throws -> Adapter {
    try AdapterConversion.read(from: path, shape: store.initial.model.shape)
  }

  /// Looks at what is written to the prompts of pairs, each once.
  private func probe(_ pairs: String) throws -> AnswerProbe? {
    var known: Set<String> = []
    let prompts = try records(PreferencePair.self, in: pairs).map(\.prompt)
      .filter { known.insert($0).inserted }
    return try AnswerProbe(
      settings: settings, chat: store.initial,
      prompts: prompts.map { [ChatMessage(role: "user", content: $0)] })
  }

  /// Measures `answers` of `chat` to the seeds in a log.
  public func measure(
    _ answers: String, of chat: ChatModel, to seeds: String, iteration: Int
  ) async throws -> Validation {
    let validator = Validator(
      settings: settings, scorer: try await scorer(), seeds: try records(Seed.self, in: seeds),
      initial: nil)
    return try validator.measure(
      try records(Answer.self, in: answers), by: chat, iteration: iteration)
  }

  /// Scores by the settings' scorer, in the order of `items`.
  public func scores(_ items: [ScoringItem]) async throws -> [[Double]] {
    try await scorer().scores(items)
  }

  /// How often the scorer ranks pairs as they are ranked in files of JSON lines with `prompt`,
  /// `chosen` and `rejected`; nil where there is no such line.
  public func agreement(withPairsIn files: [String]) async throws -> Agreement? {
    var pairs: [(prompt: String, better: String, worse: String)] = []
    for path in files {
      var file = try SeedFile(path: path)
      while let entry = try file.next() {
        guard case .seed(let seed) = entry, let worse = seed.rejected else { continue }
        pairs.append((seed.prompt, seed.answer, worse))
      }
    }
    let scores = try await scorer().scores(
      pairs.map { ScoringItem(prompt: $0.prompt, answers: [$0.better, $0.worse]) })
    let ranked = zip(pairs, scores).map { pair, scores in
      (
        scores: (better: scores[0], worse: scores[1]),
        lengths: (better: pair.better.count, worse: pair.worse.count)
      )
    }
    return Agreement(ranked, seed: settings.seed)
  }

  /// Whether the settings train an adapter for this lesson, and not all weights.
  public func trainsAdapter(_ lesson: Lesson) -> Bool {
    if case .adapter = training(lesson).part { return true }
    return false
  }

  /// What a lesson is learnt with.
  public func training(_ lesson: Lesson) -> TrainingSettings {
    switch lesson {
    case .answers, .generator: settings.generator.training(.imitation, seed: settings.seed)
    case .improver: settings.improver.training(.imitation, seed: settings.seed)
    case .policy: settings.policy.training(seed: settings.seed)
    case .reward: settings.scorer.training(seed: settings.seed)
    }
  }

  /// What is learnt from, in tokens, before it is cut to the settings' limits.
  public func examples(of lesson: Lesson) async throws -> [TrainingExample] {
    let examples = LearningExamples(settings: settings, chat: store.initial)
    switch lesson {
    case .answers(let seeds):
      return try records(Seed.self, in: seeds).map { seed in
        TrainingExample(
          prompt: try store.initial.prompt(seed.chat), completion: store.initial.answer(seed.answer)
        )
      }
    case .generator(let seeds): return try examples.generator(records(Seed.self, in: seeds))
    case .improver(let seeds, let answers):
      return try await examples.improver(
        records(Seed.self, in: seeds), answers: records(Answer.self, in: answers),
        scorer: scorer())
    case .policy(let pairs), .reward(let pairs):
      return try examples.policy(records(PreferencePair.self, in: pairs))
    }
  }

  private func scorer() async throws -> any AnswerScorer {
    let needsSeeds =
      switch settings.scorer.name {
      case .rewardHead: !folder.exists("reward-head.json")
      case .trainedReward: !store.isTrained(RunFolder(folder.file("reward")))
      default: false
      }
    let seeds = needsSeeds ? try records(Seed.self, in: folder.file("seeds.rlg")) : []
    return try await ScorerFactory(
      settings: settings, folder: folder, store: store, seeds: seeds, teller: Teller { _ in }
    ).scorer()
  }
}
