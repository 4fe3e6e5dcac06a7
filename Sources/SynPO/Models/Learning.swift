internal import Bytes
internal import ModelFile
internal import Training
internal import Transformer

/// Fine-tunes the initial model, or one trained from it, and keeps the result in a folder.
///
/// A training that was killed goes on from its last checkpoint; one that has ended is not repeated.
struct Learning: Sendable {
  let store: ModelStore
  /// Where the result goes.
  let folder: RunFolder
  let settings: TrainingSettings
  /// What it starts from; the initial model unless stated.
  let base: ChatModel
  /// The adapter over the base to go on from; a fresh one if nil.
  var start: Adapter?
  /// Examples that are only looked at, to see when more training does no good.
  var heldBack: [TrainingExample] = []
  /// Lets the model write meanwhile, to see whether it still can.
  var sampling: (any AnswerSampling)?

  /// Trains on `examples`, which are only asked for if there is something to do.
  func run(
    examples: () throws -> [TrainingExample], tell: @escaping (TrainingEvent) throws -> Void
  ) throws -> ChatModel {
    try finish(examples: examples, tell: tell)
    return try store.trained(in: folder)
  }

  /// Trains a reward model on `examples`, which are only asked for if there is something to do.
  ///
  /// - Precondition: the settings' objective is `reward`.
  func runReward(
    examples: () throws -> [TrainingExample], tell: @escaping (TrainingEvent) throws -> Void
  ) throws -> RewardModel {
    try finish(examples: examples, tell: tell)
    guard let model = try RewardModel(trainedIn: folder, over: store.initial) else {
      throw SynPOError.model(path: folder.path, reason: "a training left something else there")
    }
    return model
  }

  /// Trains if there is something to do, and opens nothing.
  func finish(
    examples: () throws -> [TrainingExample], tell: (TrainingEvent) throws -> Void
  ) throws {
    guard !store.isTrained(folder) else { return }
    try train(examples, tell)
    ResidentMemory.giveBack()
  }

  private func train(
    _ examples: () throws -> [TrainingExample], _ tell: (TrainingEvent) throws -> Void
  ) throws {
    try folder.make()
    let training = TrainingRun(
      base: try mergedBase(), settings: settings, examples: try examples(), heldBack: heldBack,
      sampling: sampling, start: start, folder: folder.path)
    let trainer = try training.run(tell)
    if let adapter = trainer.adapter {
      try AdapterFile.write(
        adapter, head: trainer.scoreHead, to: folder.path, baseModel: store.settings.model)
    } else {
      if let head = trainer.scoreHead { try RewardModel.write(head, to: folder) }
      try trainer.model.write(to: folder.file(ModelStore.wholeModel), encoding: .int8)
    }
    training.discardCheckpoints()
  }

  /// A new adapter goes over plain weights: an adapter that is there already is merged first.
  private func mergedBase() throws -> LanguageModel {
    guard let adapter = base.adapter else { return base.model }
    let path = folder.file(ModelStore.mergedBase)
    try base.model.write(to: path, merging: adapter)
    return try LanguageModel(file: PackedModelFile(path: path), workers: base.model.workers)
  }
}
