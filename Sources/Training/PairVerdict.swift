/// An answer as a model scores it.
struct ScoredAnswer {
  /// Mean log-probability of its tokens, in nats.
  let mean: Float
  let tokens: Int
  /// The mean by the model that was started from, where it is asked for.
  let reference: Float

  var sum: Float { mean * Float(tokens) }
  var referenceSum: Float { reference * Float(tokens) }
}

/// What an objective says of a chosen and a rejected answer.
struct PairVerdict {
  let loss: Float
  /// ∂loss/∂log p of each token of the answer.
  let chosenSlope: Float
  let rejectedSlope: Float
  let chosenReward: Float
  let rejectedReward: Float
}

extension Objective {
  /// - Precondition: the objective is about the likelihoods of pairs.
  func judge(chosen c: ScoredAnswer, rejected r: ScoredAnswer) -> PairVerdict {
    switch self {
    case .imitation, .reward: preconditionFailure("\(self) does not look at likelihoods of pairs")
    case .preference(let simpo, let weight):
      let verdict = simpo.judge(chosen: c.mean, rejected: r.mean)
      return PairVerdict(
        loss: verdict.loss - weight * c.mean,
        chosenSlope: (verdict.slope - weight) / Float(c.tokens),
        rejectedSlope: -verdict.slope / Float(r.tokens),
        chosenReward: simpo.beta * c.mean, rejectedReward: simpo.beta * r.mean)
    case .direct(let dpo, let weight):
      let reward = dpo.reward(c.sum, reference: c.referenceSum)
      let other = dpo.reward(r.sum, reference: r.referenceSum)
      let verdict = dpo.judge(chosen: reward, rejected: other)
      return PairVerdict(
        loss: verdict.loss - weight * c.mean,
        chosenSlope: verdict.slope - weight / Float(c.tokens), rejectedSlope: -verdict.slope,
        chosenReward: reward, rejectedReward: other)
    }
  }

  /// Whether the model that was started from is asked, too.
  var needsReference: Bool {
    if case .direct = self { true } else { false }
  }

  var isAboutPairs: Bool { self != .imitation }

  /// Whether answers are read by a score head and not by their likelihood.
  var readsScores: Bool {
    if case .reward = self { true } else { false }
  }
}
