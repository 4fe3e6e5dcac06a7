import Transformer

/// The loss of one pass and its slopes with respect to the scored tokens' log-probabilities.
struct BatchLoss {
  var slopes: [Float]
  /// Sums over the examples of the pass, to be divided by the batch.
  var sums = Sums()

  /// What is averaged over the examples of a step.
  struct Sums {
    var loss = 0.0
    var nll = 0.0
    var chosen = 0.0
    var rejected = 0.0
    var wins = 0.0

    mutating func add(_ other: Sums) {
      loss += other.loss
      nll += other.nll
      chosen += other.chosen
      rejected += other.rejected
      wins += other.wins
    }
  }

  /// - Parameters:
  ///   - batchTokens: answer tokens of the whole step: imitation averages over tokens.
  ///   - batchExamples: examples of the whole step: preferences average over pairs.
  init(
    _ pass: BatchPass, objective: Objective, batchTokens: Int, batchExamples: Int
  ) {
    switch objective {
    case .imitation: self.init(imitation: pass, batchTokens: batchTokens)
    case .preference(let simpo, let sftWeight):
      self.init(preference: pass, simpo: simpo, sftWeight: sftWeight, examples: batchExamples)
    }
  }

  /// loss = −(1/N) Σ log p
  private init(imitation pass: BatchPass, batchTokens: Int) {
    slopes = Array(repeating: -1 / Float(batchTokens), count: pass.logProbabilities.count)
    sums.nll = -pass.logProbabilities.reduce(0) { $0 + Double($1) } / Double(batchTokens)
    sums.loss = sums.nll
  }

  /// loss = (1/P) Σ [ −log σ(β(c − r) − γ) − w·c ], answers in the order chosen, rejected, …
  private init(preference pass: BatchPass, simpo: SimPO, sftWeight: Float, examples: Int) {
    let means = pass.batch.meanPerAnswer(pass.logProbabilities)
    var perAnswer = [Float](repeating: 0, count: means.count)
    let share = 1 / Float(examples)
    for pair in stride(from: 0, to: means.count, by: 2) {
      let (c, r) = (means[pair], means[pair + 1])
      let verdict = simpo.judge(chosen: c, rejected: r)
      perAnswer[pair] = share * (verdict.slope - sftWeight)
      perAnswer[pair + 1] = -share * verdict.slope
      sums.loss += Double(share) * Double(verdict.loss - sftWeight * c)
      sums.nll -= Double(share) * Double(c)
      sums.chosen += Double(share) * Double(c)
      sums.rejected += Double(share) * Double(r)
      sums.wins += c > r ? Double(share) : 0
    }
    let tokens = pass.batch.answerTokens
    slopes = pass.batch.scored.map { perAnswer[$0.answer] / Float(tokens[$0.answer]) }
  }
}
