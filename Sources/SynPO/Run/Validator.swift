internal import Corpus
internal import Exercises
internal import Foundation
internal import Transformer

/// Measures a model on the held-back seeds.
struct Validator {
  let settings: RunSettings
  let scorer: any AnswerScorer
  let seeds: [Seed]
  /// The initial model's answers; nil while they are being made.
  let initial: [Answer]?

  private static let shown = 4

  func measure(_ answers: [Answer], by chat: ChatModel, iteration: Int) throws -> Validation {
    var validation = Validation(iteration: iteration)
    let bySeed = Dictionary(
      answers.compactMap { answer in answer.origin.parents.first.map { ($0, answer.answer) } },
      uniquingKeysWith: { first, _ in first })
    let answered = seeds.compactMap { seed in bySeed[seed.id].map { (seed: seed, answer: $0) } }
    validation.answers = answered.count
    guard !answered.isEmpty else { return validation }
    let count = Double(answered.count)
    validation.meanLength = answered.reduce(0) { $0 + Double($1.answer.count) } / count
    validation.meanGoldLength = answered.reduce(0) { $0 + Double($1.seed.answer.count) } / count
    validation.repetitive =
      Double(
        answered.count { Repetition.share(of: $0.answer) > settings.repetitionLimit }) / count
    check(answered, into: &validation)
    try score(answered, into: &validation)
    validation.exactDuel = duel(answered, iteration: iteration)
    validation.goldLoss = try goldLoss(chat)
    return validation
  }

  private func check(
    _ answered: [(seed: Seed, answer: String)], into validation: inout Validation
  ) {
    let verdicts = answered.map { ExactChecker.check(prompt: $0.seed.prompt, answer: $0.answer) }
    validation.checked = verdicts.count { $0 != nil }
    if validation.checked > 0 {
      let right = verdicts.count { $0 == .correct }
      validation.accuracy = Double(right) / Double(validation.checked)
    }
    validation.examples = zip(answered, verdicts).prefix(Self.shown).map { pair, verdict in
      Validation.Example(
        prompt: pair.seed.prompt, answer: pair.answer, gold: pair.seed.answer,
        isRight: verdict.map { $0 == .correct })
    }
  }

  private func score(
    _ answered: [(seed: Seed, answer: String)], into validation: inout Validation
  ) throws {
    let first = rivals
    let scores = try scorer.scores(
      answered.map { pair in
        let rival = first[pair.seed.id].map { [$0] } ?? []
        return ScoringItem(prompt: pair.seed.prompt, answers: [pair.answer] + rival)
      })
    validation.meanScore = scores.reduce(0) { $0 + $1[0] } / Double(scores.count)
    let duels = scores.filter { $0.count == 2 }
    if !duels.isEmpty {
      let wins = duels.reduce(0) { $0 + ($1[0] > $1[1] ? 1 : $1[0] == $1[1] ? 0.5 : 0) }
      validation.winRate = wins / Double(duels.count)
    }
    let ranked = zip(answered, scores).compactMap { pair, scores -> RankedPair? in
      guard scores.count == 2, let rival = first[pair.seed.id] else { return nil }
      return RankedPair(prompt: pair.seed.prompt, answers: (pair.answer, rival), scores: scores)
    }
    validation.agreement = Agreement(of: ranked, seed: settings.seed)
  }

  /// The initial model's answers by their seed.
  private var rivals: [String: String] {
    Dictionary(
      (initial ?? []).compactMap { answer in
        answer.origin.parents.first.map { ($0, answer.answer) }
      }, uniquingKeysWith: { first, _ in first })
  }

  private func duel(_ answered: [(seed: Seed, answer: String)], iteration: Int) -> Duel? {
    let first = rivals
    let outcomes = answered.compactMap { pair -> Duel.Outcome? in
      guard let rival = first[pair.seed.id],
        let own = ExactChecker.check(prompt: pair.seed.prompt, answer: pair.answer),
        let other = ExactChecker.check(prompt: pair.seed.prompt, answer: rival)
      else { return nil }
      return (own == .correct) == (other == .correct) ? .tie : own == .correct ? .win : .loss
    }
    return outcomes.isEmpty ? nil : Duel(outcomes, seed: settings.seed)
  }

  /// Mean negative log-probability of the gold answers' tokens.
  func goldLoss(_ chat: ChatModel) throws -> Double {
    var sum = 0.0
    var tokens = 0
    for seed in seeds {
      let cut = chat.cut(
        prompt: try chat.prompt(seed.chat), answers: [chat.answer(seed.answer)],
        contextSize: settings.contextSize)
      let scored = chat.model.logProbabilities([cut], adapter: chat.adapter)
      sum -= scored[0].reduce(0) { $0 + Double($1) }
      tokens += scored[0].count
    }
    return tokens == 0 ? 0 : sum / Double(tokens)
  }
}
