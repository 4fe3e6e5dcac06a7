internal import Bytes
public import Transformer

/// What is learnt from an example.
public enum Objective: Equatable, Sendable {
  /// Cross-entropy of the answer's tokens; the prompt's do not count.
  case imitation
  /// SimPO on a chosen and a rejected answer, plus `sftWeight` times the cross-entropy of the chosen.
  case preference(SimPO, sftWeight: Float = 0)
  /// DPO on a chosen and a rejected answer, with the model that is started from as reference.
  case direct(DPO, sftWeight: Float = 0)
  /// Bradley and Terry's model of a chosen and a rejected answer, on the numbers that a score head
  /// gives them; the head is trained, too.
  case reward(LeadLoss = LeadLoss())
}

/// Which numbers of a model are trained.
public enum TrainedPart: Equatable, Sendable {
  /// Every weight, as floats in memory of their own.
  case everything
  /// A low-rank adapter over the mapped weights.
  case adapter(targets: [LinearName], rank: Int, alpha: Float, isRankStabilised: Bool = false)
}

/// The settings of one training. Names and defaults as in TRL and the SimPO repository.
public struct TrainingSettings: Equatable, Sendable {
  public var objective: Objective
  public var part: TrainedPart
  /// The share of an adapter's inputs that a step leaves out, below 1.
  public var adapterDropout: Float = 0
  public var learningRate: Float = 1e-4
  public var schedule: LearningRate.Schedule = .cosine
  public var warmupRatio: Float = 0.1
  /// Examples a step.
  public var batchSize = 32
  public var epochs = 1
  public var weightDecay: Float = 0
  public var adamBeta1: Float = 0.9
  public var adamBeta2: Float = 0.999
  public var adamEpsilon: Float = 1e-8
  /// How the optimiser stores its running means.
  public var optimizer = AdamW.Storage.float32
  /// Gradients with a larger norm are scaled down to it; 0 for never.
  public var maximumGradientNorm: Float = 1
  public var limits = LengthLimits()
  /// Rows that go through the model at once; a batch with more is computed in pieces.
  public var rowsPerPass = 1024
  /// What products with int8 weights are computed with.
  public var arithmetic: Arithmetic = .float
  /// What is kept on the way forward; changes no result.
  public var keeping: BatchPass.Keeping = .upTo(.mebibytes(512))
  /// Steps between two checkpoints; 0 for none.
  public var saveSteps = 0
  /// When a training is given up as collapsed.
  public var collapse = CollapseRule()
  public var seed: UInt64 = 42

  public init(objective: Objective, part: TrainedPart) {
    self.objective = objective
    self.part = part
  }

  /// Optimiser steps that `examples` examples make.
  public func steps(examples: Int) -> Int {
    epochs * ((examples + batchSize - 1) / max(batchSize, 1))
  }
}
