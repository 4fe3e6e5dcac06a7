internal import Bytes
internal import Foundation
internal import Tensor
public import Transformer

/// A training from its first step to its last, which can be killed at any time and run again.
public struct TrainingRun {
  public let base: LanguageModel
  public let settings: TrainingSettings
  /// What will be learnt from, cut to the limits.
  public let examples: [TrainingExample]
  /// What is only looked at, to see whether the training does any good.
  public let heldBack: [TrainingExample]
  /// Lets the model write, to see whether it still can; nil for no looks at that.
  public let sampling: (any AnswerSampling)?
  /// What was set aside, by reason.
  public let setAside: [SetAside: Int]
  /// The adapter to go on from; a fresh one if nil.
  public let start: Adapter?
  /// Where checkpoints are kept; nil for none.
  public let folder: String?

  public init(
    base: LanguageModel, settings: TrainingSettings, examples: [TrainingExample],
    heldBack: [TrainingExample] = [], sampling: (any AnswerSampling)? = nil,
    start: Adapter? = nil, folder: String? = nil
  ) {
    self.base = base
    self.settings = settings
    self.sampling = sampling
    self.start = start
    self.folder = folder
    let limits = settings.limits.within(base.contextLimit)
    (self.examples, setAside) = limits.sort(examples)
    (self.heldBack, _) = limits.sort(heldBack)
  }

  /// Trains, from the newest checkpoint if there is one, and tells of every step.
  ///
  /// A training that collapses by the rule of ``CollapseRule`` ends with the best state it was in.
  ///
  /// - Returns: the trainer at its end; the checkpoints are left for ``discardCheckpoints()``.
  public func run(_ tell: (TrainingEvent) throws -> Void) throws -> Trainer {
    guard !examples.isEmpty else { throw TrainingError.noExamples(setAside: setAside) }
    // The trainer changes its adapter in place; another run of this training starts from the same.
    var trainer = Trainer(
      base: base, settings: settings, examples: examples.count, adapter: start?.copy())
    var watch = CollapseWatch()
    try tell(.begins(steps: trainer.totalSteps, examples: examples.count, setAside: setAside))
    if let checkpoints, let seen = checkpoints.restore(&trainer) {
      watch = seen
      try tell(.resumed(step: trainer.step))
    }
    try lookBefore(trainer, &watch, tell)
    var order = EpochOrder(examples: examples, seed: settings.seed)
    while trainer.step < trainer.totalSteps {
      let step = trainer.step
      do {
        try take(order.batch(trainer.position), by: &trainer, &watch, tell)
      } catch let collapse as Collapse {
        try goBack(&trainer, after: collapse, watch, tell)
        return trainer
      } catch let error as TrainingError {
        guard case .notFinite(_, let what) = error else { throw error }
        let collapse = Collapse(
          step: step, reason: "the \(what) is no finite number", error: error)
        try goBack(&trainer, after: collapse, watch, tell)
        return trainer
      }
    }
    return trainer
  }

  /// One step, and what is due after it.
  private func take(
    _ batch: [TrainingExample], by trainer: inout Trainer, _ watch: inout CollapseWatch,
    _ tell: (TrainingEvent) throws -> Void
  ) throws {
    let report = try trainer.learn(batch)
    try tell(.step(report))
    if let reason = watch.see(report, settings.collapse) {
      throw Collapse(step: trainer.step, reason: reason)
    }
    let isBest = try look(trainer, &watch, tell)
    let isDue = settings.saveSteps > 0 && trainer.step.isMultiple(of: settings.saveSteps)
    if isDue || isBest { try save(trainer, &watch, tell) }
  }

  private func save(
    _ trainer: Trainer, _ watch: inout CollapseWatch, _ tell: (TrainingEvent) throws -> Void
  ) throws {
    guard let checkpoints else { return }
    ResidentMemory.giveBack()
    watch.willSave(step: trainer.step, settings.collapse)
    try tell(.saved(path: try checkpoints.save(trainer, watch: watch), step: trainer.step))
  }

  /// Looks at what the model writes before the first step, if it is looked at later: that is what
  /// later answers are compared with, and the state to go back to.
  private func lookBefore(
    _ trainer: Trainer, _ watch: inout CollapseWatch, _ tell: (TrainingEvent) throws -> Void
  ) throws {
    let every = settings.collapse.evalSteps
    guard every > 0, trainer.step == 0, trainer.totalSteps >= every, watch.firstAnswers == nil,
      sampling != nil
    else { return }
    try lookAtAnswers(trainer, &watch, tell)
    try save(trainer, &watch, tell)
  }

  private func lookAtAnswers(
    _ trainer: Trainer, _ watch: inout CollapseWatch, _ tell: (TrainingEvent) throws -> Void
  ) throws {
    guard let answers = sampling?.sample(trainer.model, trainer.adapter) else { return }
    try tell(.sampled(step: trainer.step, answers))
    if let reason = watch.look(answers, step: trainer.step, settings.collapse) {
      throw Collapse(step: trainer.step, reason: reason)
    }
  }

  /// Looks at held-back prompts and examples where it is time to.
  ///
  /// - Returns: whether this is the best state so far.
  private func look(
    _ trainer: Trainer, _ watch: inout CollapseWatch, _ tell: (TrainingEvent) throws -> Void
  ) throws -> Bool {
    let every = settings.collapse.evalSteps
    guard every > 0, trainer.step.isMultiple(of: every) else { return false }
    try lookAtAnswers(trainer, &watch, tell)
    guard !heldBack.isEmpty else { return watch.bestStep == trainer.step }
    let loss = trainer.loss(of: heldBack)
    let reason = watch.look(loss, step: trainer.step, settings.collapse)
    let isBest = watch.bestStep == trainer.step
    try tell(.looked(step: trainer.step, loss: loss, isLowest: isBest))
    if let reason { throw Collapse(step: trainer.step, reason: reason) }
    return isBest
  }

  /// Brings the trainer to the best state that was kept; where there is none, the collapse is an
  /// error.
  private func goBack(
    _ trainer: inout Trainer, after collapse: Collapse, _ watch: CollapseWatch,
    _ tell: (TrainingEvent) throws -> Void
  ) throws {
    guard let checkpoints, let best = watch.bestStep,
      checkpoints.take(best, into: &trainer) != nil
    else {
      throw collapse.error ?? .collapsed(step: collapse.step, reason: collapse.reason)
    }
    try tell(.collapsed(step: collapse.step, reason: collapse.reason, backTo: best))
  }

  private struct Collapse: Error {
    let step: Int
    let reason: String
    var error: TrainingError?
  }

  /// Removes the checkpoints of a training whose result has been stored.
  public func discardCheckpoints() { checkpoints?.clear() }

  private var checkpoints: CheckpointFolder? {
    folder.map { CheckpointFolder(path: $0, identity: identity) }
  }

  /// A hash of everything that the result depends on.
  private var identity: String {
    var settings = settings
    settings.keeping = .nothing
    var hash = CounterRandom(
      seed: UInt64(examples.count),
      stream: "\(base.fingerprint)/\(settings)/\(sampling?.identity ?? "")"
    ).first
    for (name, matrix) in start?.parameters ?? [] {
      let bits = matrix.values.map { UInt64($0.bitPattern) }
      hash = CounterRandom(seed: CounterRandom(seed: hash, stream: name).first, stream: bits).first
    }
    for example in examples + heldBack {
      for tokens in [example.prompt] + example.answers {
        hash = CounterRandom(seed: hash, stream: tokens.map { UInt64(bitPattern: Int64($0)) }).first
      }
    }
    return String(hash, radix: 16)
  }
}

/// Hands out the examples of a step, in the order of its epoch.
private struct EpochOrder {
  let examples: [TrainingExample]
  let seed: UInt64
  private var epoch = -1
  private var order: [Int] = []

  init(examples: [TrainingExample], seed: UInt64) {
    self.examples = examples
    self.seed = seed
  }

  mutating func batch(_ position: (epoch: Int, range: Range<Int>)) -> [TrainingExample] {
    if position.epoch != epoch {
      epoch = position.epoch
      order = Shuffle(count: examples.count, seed: seed, epoch: epoch).order
    }
    return position.range.map { examples[order[$0]] }
  }
}

extension CounterRandom {
  /// The first number of the stream.
  fileprivate var first: UInt64 {
    var copy = self
    return copy.next()
  }
}
