internal import Bytes
internal import Corpus
internal import Foundation
internal import Training
internal import Transformer

/// Makes the scorer that the settings name; a reward head is fitted to the seeds, once.
struct ScorerFactory {
  let settings: RunSettings
  let folder: RunFolder
  let store: ModelStore
  let seeds: [Seed]
  let teller: Teller

  func scorer() async throws -> any AnswerScorer {
    let threshold = settings.scorer.threshold.map { Double($0) }
    switch settings.scorer.name {
    case .rewardHead:
      return RewardHeadScorer(
        threshold: threshold ?? RewardHeadScorer.defaultThreshold, head: try await head(), eye: eye)
    case .judge: return try judge(threshold)
    case .rewardModel:
      return try RewardModelScorer(
        path: settings.scorer.model, packed: folder.file("reward-model.packed"),
        threshold: threshold ?? RewardModelScorer.defaultThreshold,
        contextSize: settings.contextSize)
    case .external:
      return ExternalScorer(
        threshold: threshold ?? ExternalScorer.defaultThreshold,
        program: ExternalProgram(
          command: settings.scorer.command, timeLimit: settings.scorer.timeLimit))
    case .exact: return ExactScorer(threshold: threshold ?? 0.5)
    case .length: return LengthScorer(threshold: threshold ?? 0)
    case .random: return RandomScorer(threshold: threshold ?? 0, seed: settings.seed)
    }
  }

  var eye: FeatureEye {
    FeatureEye(
      chat: store.initial, contextSize: settings.contextSize,
      templates: settings.scorer.seesImprover ? settings.recipeTemplates : nil)
  }

  /// The initial model, or the one that `scorer.model` names.
  private func judge(_ threshold: Double?) throws -> JudgeScorer {
    var chat = store.initial
    if !settings.scorer.model.isEmpty {
      var other = settings
      other.model = settings.scorer.model
      let place = RunFolder(folder.file("judge"))
      try place.make()
      chat = try ModelStore(settings: other, folder: place).initial
    }
    return JudgeScorer(
      threshold: threshold ?? JudgeScorer.defaultThreshold, chat: chat,
      templates: settings.recipeTemplates, contextSize: settings.contextSize)
  }

  private func head() async throws -> RewardHead {
    let path = folder.file("reward-head.json")
    if let data = FileManager.default.contents(atPath: path) {
      return try JSONDecoder().decode(RewardHead.self, from: data)
    }
    let pairs = try await pairs()
    guard let fit = RewardHead.fit(pairs) else {
      throw SynPOError.tooFewSeeds(found: pairs.count, needed: 5)
    }
    teller.tell(
      .rewardHead(
        pairs: fit.pairs, accuracy: fit.accuracy, heldBackAccuracy: fit.heldBackAccuracy))
    try FileReplacement.write(try sortedJSON(fit.head), to: path)
    return fit.head
  }

  /// Features of each seed's own answer and of the initial model's answers to it, which count as
  /// worse; where they are the same words there is no pair.
  private func pairs() async throws -> [[(better: [Float], worse: [Float])]] {
    try await items().map { item in
      let answers = try eye.features(of: item)
      return answers.dropFirst().map { (better: answers[0], worse: $0) }
    }
  }

  private func items() async throws -> [ScoringItem] {
    var worse: [String: [String]] = [:]
    for seed in seeds { worse[seed.id] = seed.rejected.map { [$0] } ?? [] }
    let stages = RecipeStages(settings: settings, iteration: 0) { [teller] in
      teller.progress($0, Int($1))
    }
    for sample in 0..<settings.scorer.samplesPerSeed {
      let path = folder.file("seed-answers-\(sample).rlg")
      _ = try await teller.stage("seed answers", iteration: 0, total: seeds.count) {
        try await stages.seedAnswers(
          store.initial, sample: sample, from: folder.file("seeds.rlg"), to: path)
      }
      for answer in try records(Answer.self, in: path) {
        if let id = answer.origin.parents.first { worse[id]?.append(answer.answer) }
      }
    }
    return seeds.compactMap { seed in
      let others = (worse[seed.id] ?? []).filter { $0 != seed.answer }
      return others.isEmpty
        ? nil : ScoringItem(prompt: seed.prompt, answers: [seed.answer] + others)
    }
  }
}
