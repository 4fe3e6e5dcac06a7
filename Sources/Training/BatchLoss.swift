import Transformer

/// The loss of one pass and its slopes with respect to the scored tokens' log-probabilities; for a
/// reward, to the numbers of the answers.
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
    var rewardChosen = 0.0
    var rewardRejected = 0.0
    var wins = 0.0
    /// Of the token that ends an answer which is to be learnt.
    var end = 0.0
    /// Tokens of such an answer.
    var length = 0.0

    mutating func add(_ other: Sums, scale: Double = 1) {
      loss += scale * other.loss
      nll += scale * other.nll
      chosen += scale * other.chosen
      rejected += scale * other.rejected
      rewardChosen += scale * other.rewardChosen
      rewardRejected += scale * other.rewardRejected
      wins += scale * other.wins
      end += scale * other.end
      length += scale * other.length
    }
  }

  /// - Parameters:
  ///   - scores: the answers' numbers by the score head, where there is one.
  ///   - references: log-probabilities of the same tokens by the model that was started from, where
  ///     the objective compares with it.
  ///   - batchTokens: answer tokens of the whole step: imitation averages over tokens.
  ///   - batchExamples: examples of the whole step: preferences average over pairs.
  init(
    _ pass: BatchPass, objective: Objective, scores: [Float]?, references: [Float]?,
    batchTokens: Int, batchExamples: Int
  ) {
    switch objective {
    case .imitation:
      self.init(imitation: pass, batchTokens: batchTokens, examples: batchExamples)
    case .preference, .direct:
      self.init(
        preference: pass, objective: objective, references: references, examples: batchExamples)
    case .reward(let shape):
      self.init(
        scores: scores ?? [], shape: shape, lengths: pass.batch.answerTokens,
        examples: batchExamples)
    }
  }

  /// loss = (1/P) Σ −log σ(r(chosen) − r(rejected)), answers in the order chosen, rejected, …
  private init(scores: [Float], shape: LeadLoss, lengths: [Int], examples: Int) {
    slopes = []
    for pair in stride(from: 0, to: scores.count, by: 2) {
      let (chosen, rejected) = (scores[pair], scores[pair + 1])
      let verdict = shape.judge(lead: chosen - rejected)
      slopes += [verdict.slope / Float(examples), -verdict.slope / Float(examples)]
      var pairSums = Sums()
      pairSums.loss = Double(verdict.loss)
      pairSums.rewardChosen = Double(chosen)
      pairSums.rewardRejected = Double(rejected)
      pairSums.wins = chosen > rejected ? 1 : 0
      pairSums.length = Double(lengths[pair])
      sums.add(pairSums, scale: 1 / Double(examples))
    }
  }

  /// loss = −(1/N) Σ log p
  private init(imitation pass: BatchPass, batchTokens: Int, examples: Int) {
    slopes = Array(repeating: -1 / Float(batchTokens), count: pass.logProbabilities.count)
    sums.nll = -pass.logProbabilities.reduce(0) { $0 + Double($1) } / Double(batchTokens)
    sums.loss = sums.nll
    sums.end = pass.ends.reduce(0) { $0 + Double($1) } / Double(examples)
    sums.length = Double(pass.logProbabilities.count) / Double(examples)
  }

  /// loss = (1/P) Σ [ what the objective says of the pair − w·c ], answers in the order chosen,
  /// rejected, …
  private init(
    preference pass: BatchPass, objective: Objective, references: [Float]?, examples: Int
  ) {
    let means = pass.batch.meanPerAnswer(pass.logProbabilities)
    let before = references.map(pass.batch.meanPerAnswer)
    let (tokens, ends) = (pass.batch.answerTokens, pass.ends)
    var perToken = [Float](repeating: 0, count: means.count)
    let share = 1 / Float(examples)
    for pair in stride(from: 0, to: means.count, by: 2) {
      func answer(_ index: Int) -> ScoredAnswer {
        ScoredAnswer(mean: means[index], tokens: tokens[index], reference: before?[index] ?? 0)
      }
      let verdict = objective.judge(chosen: answer(pair), rejected: answer(pair + 1))
      perToken[pair] = share * verdict.chosenSlope
      perToken[pair + 1] = share * verdict.rejectedSlope
      sums.add(
        Sums(verdict, means[pair], means[pair + 1], end: ends[pair], length: tokens[pair]),
        scale: Double(share))
    }
    slopes = pass.batch.scored.map { perToken[$0.answer] }
  }
}

extension BatchLoss.Sums {
  fileprivate init(_ verdict: PairVerdict, _ c: Float, _ r: Float, end: Float, length: Int) {
    loss = Double(verdict.loss)
    nll = -Double(c)
    chosen = Double(c)
    rejected = Double(r)
    rewardChosen = Double(verdict.chosenReward)
    rewardRejected = Double(verdict.rejectedReward)
    wins = verdict.chosenReward > verdict.rejectedReward ? 1 : 0
    self.end = Double(end)
    self.length = Double(length)
  }
}

extension BatchPass {
  /// The log-probability of each answer's last token.
  fileprivate var ends: [Float] {
    var ends = [Float](repeating: 0, count: batch.answers)
    for (token, value) in zip(batch.scored, logProbabilities) { ends[token.answer] = value }
    return ends
  }
}
