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
  /// What reads an answer's number, where that is learnt.
  public let scoreHead: ScoreHead?
  public internal(set) var optimiser: AdamW
  let gradients: Gradients
  /// The model that was started from.
  private let base: LanguageModel
  private let rate: LearningRate
  private let examples: Int

  /// - Parameters:
  ///   - base: the model to start from; its mapped weights are never changed.
  ///   - examples: how many examples an epoch has, for the schedule.
  ///   - adapter: the adapter to go on from, which is changed in place; a fresh one if nil.
  public init(
    base: LanguageModel, settings: TrainingSettings, examples: Int, adapter start: Adapter? = nil
  ) {
    self.base = base
    self.settings = settings
    self.examples = examples
    var model = base
    scoreHead =
      settings.objective.readsScores
      ? ScoreHead(width: base.shape.width, seed: settings.seed) : nil
    let head = scoreHead.map { [(name: ScoreHead.name, matrix: $0.weights)] } ?? []
    switch settings.part {
    case .everything:
      model.weights = base.weights.floatCopy()
      adapter = nil
      optimiser = AdamW(model.weights.parameters + head, storage: settings.optimizer)
    case .adapter(let targets, let rank, let alpha, let isRankStabilised):
      let adapter =
        start
        ?? Adapter(
          shape: base.shape, targets: targets, rank: rank, alpha: alpha,
          isRankStabilised: isRankStabilised, seed: settings.seed)
      self.adapter = adapter
      optimiser = AdamW(adapter.parameters + head, storage: settings.optimizer)
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
  /// Examples whose log-probabilities or scores are no finite numbers are left out of loss and
  /// gradients, and counted in the report.
  ///
  /// - Throws: ``TrainingError/notFinite(step:what:)`` when loss or gradients are not numbers any
  ///   more; the parameters are then as they were before the step.
  public mutating func learn(_ batch: [TrainingExample]) throws(TrainingError) -> StepReport {
    let sums = try accumulate(batch)
    return try apply(sums)
  }

  /// What a batch left in the gradients.
  struct Accumulated {
    var sums = BatchLoss.Sums()
    var tokens = 0
    var inputTokens = 0
    var examples = 0
    var leftOut = 0
  }

  /// Forward and backward over `batch`; afterwards ``gradients`` hold the gradient of the mean loss.
  func accumulate(_ batch: [TrainingExample]) throws(TrainingError) -> Accumulated {
    gradients.clear()
    var done = Accumulated()
    let tokens = batch.reduce(0) { $0 + $1.answerTokens }
    var first = 0
    for piece in pieces(of: batch) {
      let (pass, usable) = finitePass(piece, numbers: first..<first + piece.count)
      first += piece.count
      done.leftOut += piece.count - usable.count
      guard !usable.isEmpty else { continue }
      let loss = BatchLoss(
        pass, objective: settings.objective, scores: scoreHead?.scores(of: pass),
        references: references(usable), batchTokens: tokens, batchExamples: batch.count)
      done.sums.add(loss.sums)
      done.tokens += usable.reduce(0) { $0 + $1.answerTokens }
      done.inputTokens += usable.reduce(0) {
        $0 + $1.answerTokens + $1.answers.count * $1.prompt.count
      }
      done.examples += usable.count
      if let scoreHead {
        scoreHead.backward(pass, slopes: loss.slopes, into: gradients)
      } else {
        pass.backward(slopes: loss.slopes, into: gradients)
      }
    }
    guard done.examples > 0 else { throw .notFinite(step: step, what: "loss") }
    if done.leftOut > 0 { rescale(&done, tokens: tokens, examples: batch.count) }
    return done
  }

  /// Moves the parameters along the gradients.
  mutating func apply(_ done: Accumulated) throws(TrainingError) -> StepReport {
    let norm = gradientNorm()
    guard done.sums.loss.isFinite else { throw .notFinite(step: step, what: "loss") }
    guard norm.isFinite else { throw .notFinite(step: step, what: "gradient") }
    let learningRate = rate.rate(at: step)
    optimiser.update(
      gradients, learningRate: learningRate, gradientScale: clipping(norm), settings: settings,
      on: model.workers)
    return report(done, norm: norm, learningRate: learningRate)
  }

  /// The mean loss over `examples`, without learning from them.
  public func loss(of examples: [TrainingExample]) -> Double {
    let tokens = examples.reduce(0) { $0 + $1.answerTokens }
    return pieces(of: examples).reduce(0) { sum, piece in
      let pass = pass(piece, keeping: .nothing)
      let loss = BatchLoss(
        pass, objective: settings.objective, scores: scoreHead?.scores(of: pass),
        references: references(piece), batchTokens: tokens, batchExamples: examples.count)
      return sum + loss.sums.loss
    }
  }

  /// - Parameter numbers: the examples' numbers in their step, where they are learnt from.
  private func pass(
    _ piece: [TrainingExample], keeping: BatchPass.Keeping, numbers: [Int]? = nil
  ) -> BatchPass {
    let batch = tokens(of: piece, whole: settings.objective.readsScores)
    var adapter = adapter
    if let numbers, settings.adapterDropout > 0 {
      adapter = adapter?.dropping(
        Dropout(
          rate: settings.adapterDropout, seed: settings.seed, step: step, examples: numbers,
          batch: batch))
    }
    return BatchPass(
      batch, model: model, adapter: adapter, arithmetic: settings.arithmetic, keeping: keeping)
  }

  /// A number for each answer: what the score head reads, or its mean log-probability.
  private func numbers(of pass: BatchPass) -> [Float] {
    scoreHead?.scores(of: pass) ?? pass.batch.meanPerAnswer(pass.logProbabilities)
  }

  /// A pass over those examples of `piece` whose answers come to finite numbers.
  private func finitePass(
    _ piece: [TrainingExample], numbers: Range<Int>
  ) -> (pass: BatchPass, usable: [TrainingExample]) {
    let whole = pass(piece, keeping: settings.keeping, numbers: Array(numbers))
    let values = self.numbers(of: whole)
    let answers = piece[0].answers.count
    let finite = piece.indices.filter { index in
      values[index * answers..<(index + 1) * answers].allSatisfy(\.isFinite)
    }
    let usable = finite.map { piece[$0] }
    guard usable.count < piece.count, !usable.isEmpty else { return (whole, usable) }
    let again = pass(
      usable, keeping: settings.keeping, numbers: finite.map { numbers.lowerBound + $0 })
    return (again, usable)
  }

  /// Log-probabilities by the model that was started from, where the objective asks for them.
  private func references(_ piece: [TrainingExample]) -> [Float]? {
    guard settings.objective.needsReference else { return nil }
    return BatchPass(
      tokens(of: piece, whole: false), model: base, arithmetic: settings.arithmetic,
      keeping: .nothing
    ).logProbabilities
  }

  /// - Parameter whole: whether answers are read as a whole and none of their tokens is scored.
  private func tokens(of piece: [TrainingExample], whole: Bool) -> TokenBatch {
    var batch = TokenBatch(stem: stem(of: piece))
    for example in piece {
      if whole {
        batch.add(prompt: example.prompt, wholeAnswers: example.answers)
      } else {
        batch.add(prompt: example.prompt, answers: example.answers)
      }
    }
    return batch
  }

  /// What is read once for all of `examples`: dropout leaves out other inputs for each of them.
  private func stem(of examples: [TrainingExample]) -> ArraySlice<Int32> {
    settings.adapterDropout > 0 ? [] : examples.stem
  }

  /// Makes means over the whole batch means over what of it was used.
  private func rescale(_ done: inout Accumulated, tokens: Int, examples: Int) {
    let scale =
      settings.objective.isAboutPairs
      ? Double(examples) / Double(done.examples) : Double(tokens) / Double(done.tokens)
    var sums = BatchLoss.Sums()
    sums.add(done.sums, scale: scale)
    done.sums = sums
    for parameter in optimiser.parameters {
      guard let gradient = gradients[parameter.name] else { continue }
      Rowwise.add(gradient.copy(), to: gradient, scale: Float(scale) - 1, on: model.workers)
    }
  }

  /// The batch cut into passes of at most `rowsPerPass` rows, in order; a longer example goes alone.
  private func pieces(of batch: [TrainingExample]) -> [[TrainingExample]] {
    var pieces: [[TrainingExample]] = []
    let stem = stem(of: batch).count
    var rows = 0
    for example in batch {
      let whole = settings.objective.readsScores ? example.answers.count : 0
      let more =
        whole - stem
        + TokenBatch.rows(prompt: example.prompt.count, answers: example.answers.map(\.count))
      if pieces.isEmpty || rows + more > settings.rowsPerPass {
        pieces.append([])
        rows = stem
      }
      pieces[pieces.count - 1].append(example)
      rows += more
    }
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
    _ done: Accumulated, norm: Double, learningRate: Float
  ) -> StepReport {
    let sums = done.sums
    var report = StepReport(
      step: step, epoch: Double(settings.epochs) * Double(step) / Double(max(totalSteps, 1)),
      loss: sums.loss, learningRate: Double(learningRate), gradNorm: norm, tokens: done.tokens,
      inputTokens: done.inputTokens, answerLength: sums.length)
    report.notFinite = done.leftOut == 0 ? nil : done.leftOut
    if !settings.objective.readsScores {
      report.nllLoss = sums.nll
      report.logpsEnd = sums.end
    }
    if settings.objective.isAboutPairs {
      report.logpsChosen = settings.objective.readsScores ? nil : sums.chosen
      report.logpsRejected = settings.objective.readsScores ? nil : sums.rejected
      report.rewardsChosen = sums.rewardChosen
      report.rewardsRejected = sums.rewardRejected
      report.rewardsMargins = sums.rewardChosen - sums.rewardRejected
      report.rewardsAccuracies = sums.wins
    }
    return report
  }
}

extension TrainingExample {
  fileprivate var answerTokens: Int { answers.reduce(0) { $0 + $1.count } }
}
