/// What there is to do in a run, found in its seeds and keyword sources. Lengths are in tokens.
public struct PlanWork: Codable, Equatable, Sendable {
  public var seeds: Int
  public var heldBack: Int
  /// Keyword lists that the sources gave for one iteration.
  public var lists: Int
  /// Share of the seeds whose own answer beats the model's by the scorer's threshold.
  public var winners: Double
  /// The prompts of the three who are asked, as far as they differ.
  public var questions: [Int]
  public var generatorPrompts: [Int]
  public var improverPrompts: [Int]
  /// What all prompts of generator and improver begin with.
  public var generatorShared = 0
  public var improverShared = 0
  /// The initial model's answers to seeds, with their end tokens.
  public var answers: [Int]
  /// The seeds' own, and what the generator is taught to write; neither longer than is generated.
  public var goldAnswers: [Int]
  public var generated: [Int]
  /// Rows of an example, by training, once cut to the training's limits.
  public var generatorRows: Double
  public var improverRows: Double
  public var policyRows: Double
  public var rewardRows = 0.0
}

/// What this machine takes, as measured with the model.
public struct PlanRates: Codable, Equatable, Sendable {
  /// What the sources and the model took to be read and, where it was, packed.
  public var importing: Double
  public var gathering: Double
  public var keywords: Double
  /// By the model alone.
  public var plain: WritingRates
  /// With an adapter over it.
  public var adapted: WritingRates
  /// For a prompt with two answers, by the run's scorer and by who pairs them.
  public var scoring: Double
  public var pairing: Double
  /// To open a scorer that is not fitted.
  public var openingScorer: Double
  /// For a pair, to fit the reward head to it.
  public var fitting: Double
  /// For one held-back seed, to see how likely its own answer is.
  public var goldLoss: Double
  public var generator: TrainingRates
  public var improver: TrainingRates
  public var policy: TrainingRates
  public var reward: TrainingRates
  /// Sequences under way at once, and the most their cache can take.
  public var slots: Int
  public var cacheBytes: Int
  public var mappedBytes: Int
  /// Own memory while answers are written, and while they are scored.
  public var writingBytes: Int
  public var scoringBytes: Int
  /// In a log, for each record.
  public var keywordBytes: Double
  public var answerBytes: Double
  public var importedBytes: Int
}

/// What a training takes, as measured over steps on its own examples.
public struct TrainingRates: Codable, Equatable, Sendable {
  public var secondsPerRow: Double
  /// For a checkpoint, and for the result at the end.
  public var saving: Double
  public var finishing: Double
  public var ownBytes: Int
  public var checkpointBytes: Int
  public var resultBytes: Int

  public init(
    secondsPerRow: Double, saving: Double, finishing: Double, ownBytes: Int, checkpointBytes: Int,
    resultBytes: Int
  ) {
    self.secondsPerRow = secondsPerRow
    self.saving = saving
    self.finishing = finishing
    self.ownBytes = ownBytes
    self.checkpointBytes = checkpointBytes
    self.resultBytes = resultBytes
  }
}
