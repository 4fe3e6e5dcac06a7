internal import Exercises
internal import Training
internal import Transformer

/// Says how good an answer is. Scores of one prompt can be compared; their scale is the scorer's.
///
/// Each scorer has a threshold of its own on that scale. Only the judge, who compares, needs the
/// answers of a prompt together; all others give an answer the same score whatever stands beside it.
public protocol AnswerScorer: Sendable {
  var name: ScorerName { get }
  /// The lead that counts as a win, on the scorer's own scale.
  var threshold: Double { get }

  /// One score for each answer of each item. Items do not depend on one another.
  func scores(_ items: [ScoringItem]) throws -> [[Double]]
}

/// A prompt with answers to be scored.
public struct ScoringItem: Sendable {
  public let prompt: String
  public let answers: [String]

  public init(prompt: String, answers: [String]) {
    self.prompt = prompt
    self.answers = answers
  }
}

/// The reward head that is fitted to the seeds; see ``RewardHead``. Scores are log-odds.
struct RewardHeadScorer: AnswerScorer {
  let name = ScorerName.rewardHead
  let threshold: Double
  let head: RewardHead
  let eye: FeatureEye

  static let defaultThreshold = 0.5

  func scores(_ items: [ScoringItem]) throws -> [[Double]] {
    try items.map { try eye.features(of: $0).map { Double(head.score($0)) } }
  }
}

/// What a reward head sees of an answer; prompts and answers that are too long are cut.
struct FeatureEye: Sendable {
  /// The initial model.
  let chat: ChatModel
  let contextSize: Int
  /// The words in which the model is asked to improve an answer; nil where that is not looked at.
  let templates: RecipeTemplates?

  /// ``AnswerFeatures`` of each answer; then, where it is looked at, the mean log-probability with
  /// which the model asked to improve the answer leaves it as it is.
  func features(of item: ScoringItem) throws -> [[Float]] {
    let cut = chat.cut(
      prompt: try chat.prompt(item.prompt), answers: item.answers.map(chat.answer),
      contextSize: contextSize)
    let seen = AnswerFeatures.of([cut], model: chat.model)
    guard let templates else { return seen }
    return try zip(seen, zip(item.answers, cut.answers)).map { seen, answer in
      let question = templates.improverPrompt(question: item.prompt, answer: answer.0)
      let asked = chat.cut(
        prompt: try chat.prompt(question), answers: [answer.1], contextSize: contextSize)
      let values = chat.model.logProbabilities([asked])[0]
      return seen + [values.reduce(0, +) / Float(values.count)]
    }
  }
}

/// Right is 1, wrong is 0; what is no exercise scores 0 whatever the answer.
struct ExactScorer: AnswerScorer {
  let name = ScorerName.exact
  var threshold = 0.5

  func scores(_ items: [ScoringItem]) -> [[Double]] {
    items.map { item in
      item.answers.map { ExactChecker.check(prompt: item.prompt, answer: $0) == .correct ? 1 : 0 }
    }
  }
}

/// A control: characters.
struct LengthScorer: AnswerScorer {
  let name = ScorerName.length
  var threshold = 0.0

  func scores(_ items: [ScoringItem]) -> [[Double]] {
    items.map { $0.answers.map { Double($0.count) } }
  }
}

/// A control: a number drawn from the words themselves and the run's seed.
struct RandomScorer: AnswerScorer {
  let name = ScorerName.random
  var threshold = 0.0
  let seed: UInt64

  func scores(_ items: [ScoringItem]) -> [[Double]] {
    items.map { item in
      item.answers.map { answer in
        var random = CounterRandom(seed: seed, stream: "score/\(item.prompt)/\(answer)")
        return Double(random.uniform())
      }
    }
  }
}
