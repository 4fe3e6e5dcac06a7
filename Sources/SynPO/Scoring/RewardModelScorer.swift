internal import Transformer

/// Scores are what a ``RewardModel`` reads from an answer's last token.
struct RewardModelScorer: AnswerScorer {
  let name: ScorerName
  let threshold: Double
  let model: RewardModel
  let contextSize: Int

  static let defaultThreshold = 0.5

  func scores(_ items: [ScoringItem]) throws -> [[Double]] {
    try items.map { item in
      try model.scores(of: item.answers, to: item.prompt, contextSize: contextSize).map(Double.init)
    }
  }
}
