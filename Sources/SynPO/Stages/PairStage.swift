internal import Corpus
internal import Pipeline
internal import RecordLog

/// Puts the answers to each prompt together and keeps the pairs in which one really wins (paper
/// section 2.2).
struct PairStage: Sendable {
  let settings: RunSettings
  let scorer: any AnswerScorer
  let iteration: Int
  let progress: @Sendable (String, UInt64) -> Void

  /// Which of the answers to a prompt makes a pair with which.
  enum Pairing: Sendable {
    /// The first is to be chosen, the second rejected.
    case given
    /// The answer with the highest score is chosen, that with the lowest rejected.
    case bestAndWorst
  }

  /// Prompts whose answers are scored together.
  private static let batch = 16

  func run(
    rewrites: String, baselines: String, to output: String
  ) async throws -> StageSummary {
    try await run(.given, of: [rewrites, baselines], to: output)
  }

  /// - Parameter logs: answers to the same prompts in the same order, each of which may lack some.
  ///   The first is the input whose position is kept; the others are read beside it.
  func run(
    _ pairing: Pairing, of logs: [String], to output: String
  ) async throws -> StageSummary {
    precondition(logs.count > 1, "a pair is made of two answers")
    let progress = progress
    let stage = StageRun<Answer, PreferencePair>(
      name: "pairs", input: logs[0], output: output,
      identity: "\(settings.hash)/\(iteration)", progress: { progress("pairs", $0) })
    return try await stage.run { source, out in
      var partners = try logs.dropFirst().map { Partners(try CorpusReader(path: $0)) }
      var waiting: [Candidate] = []
      while let next = try await source.next() {
        switch next {
        case .element(let answer):
          var others: [Answer] = []
          for place in partners.indices {
            if let other = try partners[place].partner(of: answer.element) { others.append(other) }
          }
          waiting.append(Candidate(first: answer, answers: [answer.element] + others))
          if waiting.count == Self.batch { try await judge(&waiting, pairing, into: out) }
        case .barrier(let barrier):
          try await judge(&waiting, pairing, into: out)
          for place in partners.indices { try partners[place].align(with: barrier) }
          try await out.send(.barrier(barrier))
        }
      }
      try await judge(&waiting, pairing, into: out)
    }
  }

  private struct Candidate {
    let first: Numbered<Answer>
    let answers: [Answer]

    var item: ScoringItem {
      ScoringItem(prompt: first.element.prompt, answers: answers.map(\.answer))
    }
  }

  private func judge(
    _ candidates: inout [Candidate], _ pairing: Pairing,
    into out: Channel<Numbered<StageProduct<PreferencePair>>>
  ) async throws {
    let scores = try scorer.scores(candidates.map(\.item))
    for (candidate, scores) in zip(candidates, scores) {
      let product = product(candidate, scores, pairing)
      try await out.send(Numbered(cursor: candidate.first.cursor, element: product))
    }
    candidates = []
  }

  private func product(
    _ candidate: Candidate, _ scores: [Double], _ pairing: Pairing
  ) -> StageProduct<PreferencePair> {
    let prompt = candidate.first.element.prompt
    var origin = candidate.first.element.origin
    origin.parents = candidate.answers.map(\.id)
    guard candidate.answers.count > 1 else {
      return .aside(refused(.missingAnswer, prompt, origin))
    }
    let (winner, loser) = pairing.places(scores)
    let (chosen, rejected) = (candidate.answers[winner], candidate.answers[loser])
    origin.parents = [chosen.id, rejected.id]
    let filter = PairFilter(
      threshold: settings.usePairFilter ? scorer.threshold : nil,
      repetitionLimit: settings.repetitionLimit)
    if let reason = filter.refusal(
      chosen: chosen.answer, rejected: rejected.answer, scores: (scores[winner], scores[loser]))
    {
      let detail = "scores \(scores[winner]) and \(scores[loser])"
      return .aside(refused(reason, prompt, origin, detail: detail))
    }
    return .made(
      PreferencePair(
        prompt: prompt, chosen: chosen.answer, rejected: rejected.answer,
        scoreChosen: scores[winner], scoreRejected: scores[loser], source: "synpo",
        origin: origin))
  }

  private func refused(
    _ reason: PairRefusal, _ prompt: String, _ origin: Origin, detail: String? = nil
  ) -> QuarantinedRecord {
    QuarantinedRecord(
      stage: "pairs", reason: reason.rawValue, detail: detail, text: prompt, origin: origin)
  }
}

extension PairStage.Pairing {
  /// The places of the chosen and of the rejected answer; of equal scores the first counts.
  fileprivate func places(_ scores: [Double]) -> (chosen: Int, rejected: Int) {
    guard case .bestAndWorst = self else { return (0, 1) }
    var (best, worst) = (0, 0)
    for place in scores.indices {
      if scores[place] > scores[best] { best = place }
      if scores[place] < scores[worst] { worst = place }
    }
    return (best, worst)
  }
}

/// Finds the answer to the same prompt in another log. Both logs keep the order of the prompts;
/// either may lack some.
private struct Partners {
  private let reader: CorpusReader
  /// Answers that were read and whose turn has not come, by their prompt's id.
  private var waiting: [String: Answer] = [:]
  /// The number of the last barrier that the answers have come to.
  private var barrier: UInt64 = 0

  init(_ reader: CorpusReader) { self.reader = reader }

  mutating func partner(of answer: Answer) throws -> Answer? {
    guard let prompt = answer.origin.parents.last else { return nil }
    while waiting[prompt] == nil, try advance() {}
    return waiting.removeValue(forKey: prompt)
  }

  /// Reads until the answers have come to the same barrier.
  mutating func align(with wanted: Barrier) throws {
    while barrier < wanted.number {
      guard try advance() else {
        throw SynPOError.missingBarrier(wanted.number, log: reader.path)
      }
    }
  }

  /// Reads one more answer, or barrier; false at the end.
  private mutating func advance() throws -> Bool {
    switch try reader.nextItem(Answer.self, skippingOthers: true) {
    case .record(let next):
      if let id = next.origin.parents.last { waiting[id] = next }
    case .barrier(let next): barrier = next.number
    case nil: return false
    }
    return true
  }
}
