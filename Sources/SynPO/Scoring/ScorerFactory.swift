internal import Bytes
internal import Corpus
internal import Foundation
internal import Training
internal import Transformer

/// Makes the scorer that the settings name; a reward is fitted to the seeds, once.
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
    case .trainedReward: return rewardScorer(try await trainedReward(), threshold)
    case .judge: return try judge(threshold)
    case .rewardModel: return rewardScorer(try givenReward(), threshold)
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

  private func rewardScorer(_ model: RewardModel, _ threshold: Double?) -> RewardModelScorer {
    RewardModelScorer(
      name: settings.scorer.name, threshold: threshold ?? RewardModelScorer.defaultThreshold,
      model: model, contextSize: settings.contextSize)
  }

  /// What `scorer.model` names: trained here over the initial model, or a Hugging Face folder.
  private func givenReward() throws -> RewardModel {
    let path = settings.scorer.model
    return try RewardModel(trainedIn: RunFolder(path), over: store.initial)
      ?? RewardModel(path: path, packed: folder.file("reward-model.packed"))
  }

  /// What a trained reward is before its training, which takes as long to score.
  var untrainedReward: RewardModelScorer {
    let width = store.initial.model.shape.width
    return rewardScorer(
      RewardModel(chat: store.initial, head: ScoreHead(width: width, seed: settings.seed)), nil)
  }

  /// Every fifth prompt's pairs are only looked at, as with a ``RewardHead``.
  private func trainedReward() async throws -> RewardModel {
    let place = RunFolder(folder.file("reward"))
    let items = store.isTrained(place) ? [] : try await items()
    let fitted = items.enumerated().filter { $0.offset % 5 != 4 }.map(\.element)
    let held = items.enumerated().filter { $0.offset % 5 == 4 }.map(\.element)
    let examples = LearningExamples(settings: settings, chat: store.initial)
    let learning = Learning(
      store: store, folder: place, settings: settings.scorer.training(seed: settings.seed),
      base: store.initial, heldBack: try examples.reward(held))
    let metrics = MetricsFile(path: folder.file("metrics.jsonl"))
    let model = try learning.runReward {
      guard items.count >= 5 else { throw SynPOError.tooFewSeeds(found: items.count, needed: 5) }
      return try examples.reward(fitted)
    } tell: { event in
      teller.tell(.training("reward", iteration: 0, event))
      try metrics.append(event, training: "reward", iteration: 0)
    }
    if !items.isEmpty { try tell(of: rewardScorer(model, nil), fitted, held) }
    return model
  }

  private func tell(
    of scorer: RewardModelScorer, _ fitted: [ScoringItem], _ held: [ScoringItem]
  ) throws {
    func wins(_ items: [ScoringItem]) throws -> [Bool] {
      try zip(items, scorer.scores(items)).flatMap { _, scores in
        scores.dropFirst().map { scores[0] > $0 }
      }
    }
    func share(_ wins: [Bool]) -> Double { Double(wins.count { $0 }) / Double(wins.count) }
    let (inside, outside) = (try wins(fitted), try wins(held))
    teller.tell(
      .rewardHead(
        pairs: inside.count + outside.count, accuracy: share(inside),
        heldBackAccuracy: share(outside)))
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
