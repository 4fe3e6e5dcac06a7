/// One optimiser step in numbers; the names in JSON are TRL's.
public struct StepReport: Codable, Equatable, Sendable {
  public var step: Int
  public var epoch: Double
  public var loss: Double
  public var learningRate: Double
  public var gradNorm: Double
  /// Tokens of answers that were learnt from.
  public var tokens: Int
  /// Tokens that were read for that, a prompt as often as it has answers.
  public var inputTokens: Int
  public var nllLoss: Double?
  /// Tokens of an answer to be learnt, on average, and the log-probability of its last one, which
  /// ends it.
  public var answerLength: Double?
  public var logpsEnd: Double?
  /// Examples that were left out because their log-probabilities were no finite numbers.
  public var notFinite: Int?
  public var rewardsChosen: Double?
  public var rewardsRejected: Double?
  public var rewardsMargins: Double?
  public var rewardsAccuracies: Double?
  public var logpsChosen: Double?
  public var logpsRejected: Double?

  enum CodingKeys: String, CodingKey {
    case step, epoch, loss, tokens
    case inputTokens = "input_tokens"
    case learningRate = "learning_rate"
    case gradNorm = "grad_norm"
    case nllLoss = "nll_loss"
    case answerLength = "answer_length"
    case logpsEnd = "logps/end"
    case notFinite = "not_finite"
    case rewardsChosen = "rewards/chosen"
    case rewardsRejected = "rewards/rejected"
    case rewardsMargins = "rewards/margins"
    case rewardsAccuracies = "rewards/accuracies"
    case logpsChosen = "logps/chosen"
    case logpsRejected = "logps/rejected"
  }
}

/// What training has to say while it runs. Saying it to a person is the caller's part.
public enum TrainingEvent: Equatable, Sendable {
  case begins(steps: Int, examples: Int, setAside: [SetAside: Int])
  case resumed(step: Int)
  case step(StepReport)
  case saved(path: String, step: Int)
  /// The loss on held-back examples.
  case looked(step: Int, loss: Double, isLowest: Bool)
  /// What the model writes to held-back prompts.
  case sampled(step: Int, SampledAnswers)
  /// The training has collapsed, and its result is the best state it was in.
  case collapsed(step: Int, reason: String, backTo: Int)
}
