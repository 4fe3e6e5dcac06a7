internal import Tensor
public import Transformer

/// Learns from examples, a step at a time.
///
/// Everything is a function of model, settings and examples: the same numbers come out at any
/// number of threads, and after any interruption between two steps.
public struct Trainer {
  public let settings: TrainingSettings
  /// The model that learns: with weights of its own where all of them are trained.
  public let model: LanguageModel
  /// What is learnt where an adapter is.
  public let adapter: Adapter?
  public internal(set) var optimiser: AdamW
  private let gradients: Gradients
  private let rate: LearningRate
  private let examples: Int

  /// - Parameters:
  ///   - base: the model to start from; its mapped weights are never changed.
  ///   - examples: how many examples an epoch has, for the schedule.
  public init(base: LanguageModel, settings: TrainingSettings, examples: Int) {
    self.settings = settings
    self.examples = examples
    var model = base
    switch settings.part {
    case .everything:
      model.weights = base.weights.floatCopy()
      adapter = nil
      optimiser = AdamW(model.weights.parameters)
    case .adapter(let targets, let rank, let alpha, let isRankStabilised):
      let fresh = Adapter(
        shape: base.shape, targets: targets, rank: rank, alpha: alpha,
        isRankStabilised: isRankStabilised, seed: settings.seed)
      adapter = fresh
      optimiser = AdamW(fresh.parameters)
    }
    self.model = model
    gradients = Gradients(for: optimiser.parameters)
    let total = settings.steps(examples: examples)
    rate = LearningRate(
      peak: settings.learningRate, schedule: settings.schedule,
      warmupSteps: Int((settings.warmupRatio * Float(total)).rounded(.up)), totalSteps: total)
  }

  /// Steps of the whole training.
  public var totalSteps: Int { rate.totalSteps }

  /// Steps taken.
  public var step: Int { optimiser.step }

  /// Where the next step's examples stand: the epoch, and which examples of the shuffled order.
  public var position: (epoch: Int, range: Range<Int>) {
    let perEpoch = max(settings.steps(examples: examples) / max(settings.epochs, 1), 1)
    let start = (step % perEpoch) * settings.batchSize
    return (step / perEpoch, start..<min(start + settings.batchSize, examples))
  }

  /// One step on `batch`.
  ///
  /// - Throws: ``TrainingError/notFinite(step:what:)`` when loss or gradients are not numbers any
  ///   more; the parameters are then as they were before the step.
  public mutating func learn(_ batch: [TrainingExample]) throws(TrainingError) -> StepReport {
    gradients.clear()
    var sums = BatchLoss.Sums()
    let tokens = batch.reduce(0) { $0 + $1.answers.reduce(0) { $0 + $1.count } }
    for piece in pieces(of: batch) {
      let pass = BatchPass(
        piece, model: model, adapter: adapter, arithmetic: settings.arithmetic,
        keeping: settings.keeping)
      let loss = BatchLoss(
        pass, objective: settings.objective, batchTokens: tokens, batchExamples: batch.count)
      sums.add(loss.sums)
      pass.backward(slopes: loss.slopes, into: gradients)
    }
    let norm = gradientNorm()
    guard sums.loss.isFinite else { throw .notFinite(step: step, what: "loss") }
    guard norm.isFinite else { throw .notFinite(step: step, what: "gradient") }
    let learningRate = rate.rate(at: step)
    let clip = clipping(norm)
    optimiser.update(
      gradients, learningRate: learningRate, gradientScale: clip, settings: settings,
      on: model.workers)
    return report(sums, norm: norm, learningRate: learningRate, tokens: tokens)
  }

  /// The batch laid out in passes of at most `rowsPerPass` rows, in order; a longer example goes alone.
  private func pieces(of batch: [TrainingExample]) -> [TokenBatch] {
    var pieces: [TokenBatch] = []
    var current = TokenBatch()
    for example in batch {
      let rows = TokenBatch.rows(
        prompt: example.prompt.count, answers: example.answers.map(\.count))
      if current.rows > 0, current.rows + rows > settings.rowsPerPass {
        pieces.append(current)
        current = TokenBatch()
      }
      current.add(prompt: example.prompt, answers: example.answers)
    }
    if current.rows > 0 { pieces.append(current) }
    return pieces
  }

  private func gradientNorm() -> Double {
    optimiser.parameters.reduce(0.0) { sum, parameter in
      sum + (gradients[parameter.name].map(Rowwise.sumOfSquares) ?? 0)
    }.squareRoot()
  }

  private func clipping(_ norm: Double) -> Float {
    let limit = Double(settings.maximumGradientNorm)
    return limit > 0 && norm > limit ? Float(limit / norm) : 1
  }

  private func report(
    _ sums: BatchLoss.Sums, norm: Double, learningRate: Float, tokens: Int
  ) -> StepReport {
    var report = StepReport(
      step: step, epoch: Double(settings.epochs) * Double(step) / Double(max(totalSteps, 1)),
      loss: sums.loss, learningRate: Double(learningRate), gradNorm: norm, tokens: tokens,
      nllLoss: sums.nll)
    if case .preference(let simpo, _) = settings.objective {
      let beta = Double(simpo.beta)
      report.logpsChosen = sums.chosen
      report.logpsRejected = sums.rejected
      report.rewardsChosen = beta * sums.chosen
      report.rewardsRejected = beta * sums.rejected
      report.rewardsMargins = beta * (sums.chosen - sums.rejected)
      report.rewardsAccuracies = sums.wins
    }
    return report
  }
}
