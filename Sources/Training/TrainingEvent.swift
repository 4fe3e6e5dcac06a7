/// One optimiser step in numbers; the names in JSON are TRL's.
public struct StepReport: Codable, Equatable, Sendable {
  public var step: Int
  public var epoch: Double
  public var loss: Double
  public var learningRate: Double
  public var gradNorm: Double
  public var tokens: Int
  public var nllLoss: Double?
  public var rewardsChosen: Double?
  public var rewardsRejected: Double?
  public var rewardsMargins: Double?
  public var rewardsAccuracies: Double?
  public var logpsChosen: Double?
  public var logpsRejected: Double?

  enum CodingKeys: String, CodingKey {
    case step, epoch, loss, tokens
    case learningRate = "learning_rate"
    case gradNorm = "grad_norm"
    case nllLoss = "nll_loss"
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
}
