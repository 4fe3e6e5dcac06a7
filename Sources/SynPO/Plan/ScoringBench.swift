internal import Corpus
internal import Foundation
internal import Training

/// How long the run's scorer takes, and how often it holds a seed's own answer for the better one.
struct ScoringBench {
  /// Seconds for a prompt with two answers, by the scorer and by who pairs.
  private(set) var seconds = 0.0
  private(set) var pairing = 0.0
  /// Seconds to open a scorer, or to fit a linear head to one pair.
  private(set) var opening = 0.0
  private(set) var fitting = 0.0
  private(set) var winners = 1.0

  private let bench: PlanBench
  private let items: [ScoringItem]
  private let patience: Double

  /// - Parameter patience: seconds after which no further prompt is scored.
  init(_ bench: PlanBench, _ sample: AnswerSample, patience: Double) {
    self.bench = bench
    self.patience = patience
    items = sample.answered.map {
      ScoringItem(prompt: $0.seed.prompt, answers: [$0.seed.answer, $0.text])
    }
  }

  func measure() async throws -> ScoringBench {
    var found = self
    let factory = ScorerFactory(
      settings: bench.settings, folder: RunFolder(bench.settings.outputDir), store: bench.store,
      seeds: bench.sources.seeds, teller: Teller { _ in })
    switch bench.settings.scorer.name {
    case .rewardHead: try found.fit(factory.eye)
    case .trainedReward:
      found.seconds = try found.score(by: factory.untrainedReward)
      // A head that has learnt nothing says nothing of who wins.
      found.winners = 1
    default:
      var taken: [String: Double] = [:]
      let scorer = try await timed("open", &taken) { try await factory.scorer() }
      found.opening = taken["open"] ?? 0
      found.seconds = try found.score(by: scorer)
    }
    found.pairing = found.seconds
    if bench.settings.recipe == .selfRewarding {
      let judge = JudgeScorer(
        threshold: 0, chat: bench.chat, templates: bench.settings.recipeTemplates,
        contextSize: bench.settings.contextSize)
      found.pairing = try found.each { _ = try judge.scores([$0]) }
    }
    return found
  }

  /// Fits a head to the sample, as the run does to more of the same.
  private mutating func fit(_ eye: FeatureEye) throws {
    var features: [[[Float]]] = []
    seconds = try each { features.append(try eye.features(of: $0)) }
    let pairs = zip(items, features).filter { $0.0.answers[0] != $0.0.answers[1] }
      .map { [(better: $0.1[0], worse: $0.1[1])] }
    var taken: [String: Double] = [:]
    guard let fit = timed("fit", &taken, { RewardHead.fit(pairs) }) else { return }
    fitting = (taken["fit"] ?? 0) / Double(pairs.count)
    let threshold = bench.settings.scorer.threshold.map(Double.init)
    let won = pairs.count { pair in
      let lead = fit.head.score(pair[0].better) - fit.head.score(pair[0].worse)
      return Double(lead) > threshold ?? RewardHeadScorer.defaultThreshold
    }
    winners = Double(won) / Double(features.count)
  }

  private mutating func score(by scorer: any AnswerScorer) throws -> Double {
    var (won, scored) = (0, 0)
    let seconds = try each { item in
      let scores = try scorer.scores([item])[0]
      scored += 1
      won += scores[0] - scores[1] > scorer.threshold ? 1 : 0
    }
    if scored > 0 { winners = Double(won) / Double(scored) }
    return seconds
  }

  /// Seconds that `body` takes for an item, on average.
  private func each(_ body: (ScoringItem) throws -> Void) rethrows -> Double {
    let start = Date()
    var count = 0
    for item in items where Date().timeIntervalSince(start) < patience {
      try body(item)
      count += 1
    }
    return Date().timeIntervalSince(start) / Double(max(count, 1))
  }
}
