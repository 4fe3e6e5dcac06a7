internal import Corpus
internal import Pipeline
internal import RecordLog

/// Puts rewrite and baseline of each prompt together and keeps the pairs in which the rewrite wins
/// (paper section 2.2).
struct PairStage: Sendable {
  let settings: RunSettings
  let scorer: any AnswerScorer
  let iteration: Int
  let progress: @Sendable (String, UInt64) -> Void

  /// Pairs that are scored together.
  private static let batch = 16

  /// The rewrites are the input whose position is kept; the baselines are read beside them.
  func run(
    rewrites: String, baselines: String, to output: String
  ) async throws -> StageSummary {
    let progress = progress
    let stage = StageRun<Answer, PreferencePair>(
      name: "pairs", input: rewrites, output: output,
      identity: "\(settings.hash)/\(iteration)", progress: { progress("pairs", $0) })
    return try await stage.run { source, out in
      var partners = Partners(try CorpusReader(path: baselines))
      var waiting: [Candidate] = []
      while let next = try await source.next() {
        switch next {
        case .element(let rewrite):
          waiting.append(
            Candidate(rewrite: rewrite, baseline: try partners.baseline(for: rewrite.element)))
          if waiting.count == Self.batch { try await judge(&waiting, into: out) }
        case .barrier(let barrier):
          try await judge(&waiting, into: out)
          try partners.align(with: barrier)
          try await out.send(.barrier(barrier))
        }
      }
      try await judge(&waiting, into: out)
    }
  }

  private struct Candidate {
    let rewrite: Numbered<Answer>
    let baseline: Answer?
  }

  private func judge(
    _ candidates: inout [Candidate], into out: Channel<Numbered<StageProduct<PreferencePair>>>
  ) async throws {
    let complete = candidates.filter { $0.baseline != nil }
    let items = complete.map {
      ScoringItem(
        prompt: $0.rewrite.element.prompt,
        answers: [$0.rewrite.element.answer, $0.baseline?.answer ?? ""])
    }
    var scores = try scorer.scores(items)[...]
    for candidate in candidates {
      let score = candidate.baseline == nil ? nil : scores.popFirst()
      let product = product(candidate, score)
      try await out.send(Numbered(cursor: candidate.rewrite.cursor, element: product))
    }
    candidates = []
  }

  private func product(_ candidate: Candidate, _ scores: [Double]?) -> StageProduct<PreferencePair>
  {
    let rewrite = candidate.rewrite.element
    var origin = rewrite.origin
    origin.parents = [rewrite.id, candidate.baseline?.id].compactMap(\.self)
    guard let baseline = candidate.baseline, let scores else {
      return .aside(refused(.missingAnswer, rewrite.prompt, origin))
    }
    let filter = PairFilter(
      threshold: settings.usePairFilter ? scorer.threshold : nil,
      repetitionLimit: settings.repetitionLimit)
    if let reason = filter.refusal(
      chosen: rewrite.answer, rejected: baseline.answer, scores: (scores[0], scores[1]))
    {
      let detail = "scores \(scores[0]) and \(scores[1])"
      return .aside(refused(reason, rewrite.prompt, origin, detail: detail))
    }
    return .made(
      PreferencePair(
        prompt: rewrite.prompt, chosen: rewrite.answer, rejected: baseline.answer,
        scoreChosen: scores[0], scoreRejected: scores[1], source: "synpo", origin: origin))
  }

  private func refused(
    _ reason: PairRefusal, _ prompt: String, _ origin: Origin, detail: String? = nil
  ) -> QuarantinedRecord {
    QuarantinedRecord(
      stage: "pairs", reason: reason.rawValue, detail: detail, text: prompt, origin: origin)
  }
}

/// Finds the baseline that answers the same synthetic prompt as a rewrite. Both logs keep the order
/// of the prompts; either may lack some.
private struct Partners {
  private let reader: CorpusReader
  /// Baselines that were read and whose turn has not come, by their prompt's id.
  private var waiting: [String: Answer] = [:]
  /// The number of the last barrier that the baselines have come to.
  private var barrier: UInt64 = 0

  init(_ reader: CorpusReader) { self.reader = reader }

  mutating func baseline(for rewrite: Answer) throws -> Answer? {
    guard let prompt = rewrite.origin.parents.last else { return nil }
    while waiting[prompt] == nil, try advance() {}
    return waiting.removeValue(forKey: prompt)
  }

  /// Reads until the baselines have come to the same barrier.
  mutating func align(with wanted: Barrier) throws {
    while barrier < wanted.number {
      guard try advance() else {
        throw SynPOError.missingBarrier(wanted.number, log: reader.path)
      }
    }
  }

  /// Reads one more baseline, or barrier; false at the end.
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
