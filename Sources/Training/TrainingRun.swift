internal import Foundation
public import Transformer

/// A training from its first step to its last, which can be killed at any time and run again.
public struct TrainingRun {
  public let base: LanguageModel
  public let settings: TrainingSettings
  /// What will be learnt from, cut to the limits.
  public let examples: [TrainingExample]
  /// What was set aside, by reason.
  public let setAside: [SetAside: Int]
  /// Where checkpoints are kept; nil for none.
  public let folder: String?

  public init(
    base: LanguageModel, settings: TrainingSettings, examples: [TrainingExample],
    folder: String? = nil
  ) {
    self.base = base
    self.settings = settings
    self.folder = folder
    var fitting: [TrainingExample] = []
    var setAside: [SetAside: Int] = [:]
    for example in examples {
      do throws(SetAside) { fitting.append(try settings.limits.fit(example)) } catch {
        setAside[error, default: 0] += 1
      }
    }
    self.examples = fitting
    self.setAside = setAside
  }

  /// Trains, from the newest checkpoint if there is one, and tells of every step.
  ///
  /// - Returns: the trainer at its end; the checkpoints are left for ``discardCheckpoints()``.
  public func run(_ tell: (TrainingEvent) throws -> Void) throws -> Trainer {
    guard !examples.isEmpty else { throw TrainingError.noExamples(setAside: setAside) }
    var trainer = Trainer(base: base, settings: settings, examples: examples.count)
    try tell(.begins(steps: trainer.totalSteps, examples: examples.count, setAside: setAside))
    if let checkpoints, checkpoints.restore(&trainer) { try tell(.resumed(step: trainer.step)) }
    var epoch = -1
    var order: [Int] = []
    while trainer.step < trainer.totalSteps {
      let position = trainer.position
      if position.epoch != epoch {
        epoch = position.epoch
        order = Shuffle(count: examples.count, seed: settings.seed, epoch: epoch).order
      }
      try tell(.step(try trainer.learn(position.range.map { examples[order[$0]] })))
      if settings.saveSteps > 0, trainer.step.isMultiple(of: settings.saveSteps), let checkpoints {
        try tell(.saved(path: try checkpoints.save(trainer), step: trainer.step))
      }
    }
    return trainer
  }

  /// Removes the checkpoints of a training whose result has been stored.
  public func discardCheckpoints() { checkpoints?.clear() }

  private var checkpoints: CheckpointFolder? {
    folder.map { CheckpointFolder(path: $0, identity: identity) }
  }

  /// A hash of everything that the result depends on.
  private var identity: String {
    var hash = CounterRandom(
      seed: UInt64(examples.count), stream: "\(base.fingerprint)/\(settings)"
    ).first
    for example in examples {
      for tokens in [example.prompt] + example.answers {
        hash = CounterRandom(seed: hash, stream: tokens.map { UInt64(bitPattern: Int64($0)) }).first
      }
    }
    return String(hash, radix: 16)
  }
}

extension CounterRandom {
  /// The first number of the stream.
  fileprivate var first: UInt64 {
    var copy = self
    return copy.next()
  }
}
