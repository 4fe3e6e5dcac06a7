public import Training

/// What a run has to say. Saying it to a person is the caller's part.
public enum RunEvent: Sendable {
  /// The model is open and the seeds are read.
  case opened(model: String, parameters: Int, seeds: Int, heldBack: Int, unusable: Int)
  case resumed(folder: String)
  /// A stage begins; `total` of its input, where that is known.
  case began(stage: String, iteration: Int, total: Int?)
  case progress(stage: String, done: Int, total: Int?)
  case ended(StageSummary, iteration: Int)
  case training(String, iteration: Int, TrainingEvent)
  case rewardHead(pairs: Int, accuracy: Double, heldBackAccuracy: Double?)
  case validated(Validation)
  case iterationEnded(IterationReport)
  /// The collapse rule has stopped the run.
  case stopped(reason: String)
  case finished(RunReport)
}

/// How a model does on held-back seeds.
public struct Validation: Codable, Equatable, Sendable {
  /// 0 for the initial model.
  public var iteration: Int
  public var answers = 0
  /// Share of right answers, among those that the exact checker can judge.
  public var accuracy: Double?
  public var checked = 0
  /// Against the initial model's answers by the exact checker: a prompt is won where this answer is
  /// right and the other is not.
  public var exactDuel: Duel?
  /// How often the run's own scorer ranks these answers and the initial model's as the exact checker
  /// does, where only one of the two is right.
  public var agreement: Agreement?
  /// Mean score of the run's own scorer.
  public var meanScore = 0.0
  /// Share of prompts on which the scorer holds the answer better than the initial model's; ties are
  /// half.
  public var winRate: Double?
  /// Mean characters an answer, and of the gold answers.
  public var meanLength = 0.0
  public var meanGoldLength = 0.0
  /// Share of answers that repeat themselves beyond the limit.
  public var repetitive = 0.0
  /// Mean negative log-probability of the gold answers, per token.
  public var goldLoss = 0.0
  public var examples: [Example] = []

  public struct Example: Codable, Equatable, Sendable {
    public var prompt: String
    public var answer: String
    public var gold: String
    public var isRight: Bool?
  }

  public init(iteration: Int) { self.iteration = iteration }

  /// What decides which iteration is kept: right answers where they can be checked, else the score.
  public var measure: Double { accuracy ?? meanScore }
}

/// One turn of the recipe in numbers.
public struct IterationReport: Codable, Equatable, Sendable {
  public var iteration: Int
  public var stages: [StageSummary] = []
  /// Examples that the improver was trained on, of all seeds.
  public var improverExamples = 0
  public var seeds = 0
  public var pairs = PairCounts()
  /// Pairs in the growing set.
  public var allPairs = 0
  public var validation: Validation
  /// Wall time by part, in seconds.
  public var seconds: [String: Double] = [:]
  public var examples: [PairExample] = []

  public struct PairCounts: Codable, Equatable, Sendable {
    public var kept = 0
    public var added = 0
    public var refused: [String: Int] = [:]
    public var meanChosenLength = 0.0
    public var meanRejectedLength = 0.0
    /// Of the kept pairs that the exact checker can judge: chosen right, rejected right.
    public var checked = 0
    public var chosenRight = 0
    public var rejectedRight = 0
  }

  public struct PairExample: Codable, Equatable, Sendable {
    public var keywords: [String]
    public var prompt: String
    public var chosen: String
    public var rejected: String
    public var lead: Double
  }
}

/// A whole run in numbers.
public struct RunReport: Codable, Equatable, Sendable {
  public var folder: String
  public var model: String
  public var scorer: String
  public var rewardHeadAccuracy: Double?
  public var initial: Validation
  public var iterations: [IterationReport] = []
  /// The iteration whose model does best on the held-back seeds; 0 is the initial model.
  public var best = 0
  /// The folder of that model; nil where it is the initial one.
  public var bestModel: String?
  public var stopped: String?
  public var seconds = 0.0
  /// Wall time by part of what comes before the first iteration, in seconds.
  public var beforeSeconds: [String: Double]?
  /// The most memory of its own that the process held, apart from mapped files.
  public var peakOwnBytes = 0
  public var peakMappedBytes = 0
}
