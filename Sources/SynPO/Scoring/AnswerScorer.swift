internal import Exercises
internal import Training
internal import Transformer

/// Says how good an answer is. Scores of one prompt can be compared; their scale is the scorer's.
public protocol AnswerScorer: Sendable {
  var name: ScorerName { get }
  /// The lead that counts as a win, on the scorer's own scale.
  var threshold: Double { get }

  /// One score for each answer. An answer's score does not depend on what else is asked.
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
  /// The initial model.
  let chat: ChatModel
  let contextSize: Int

  static let defaultThreshold = 0.5

  func scores(_ items: [ScoringItem]) throws -> [[Double]] {
    try features(items).map { $0.map { Double(head.score($0)) } }
  }

  private func features(_ items: [ScoringItem]) throws -> [[[Float]]] {
    try AnswerFeatures.of(items, chat: chat, contextSize: contextSize)
  }
}

extension AnswerFeatures {
  /// The features of every answer of every item; prompts and answers that are too long are cut.
  static func of(
    _ items: [ScoringItem], chat: ChatModel, contextSize: Int
  ) throws -> [[[Float]]] {
    try items.map { item in
      let prompt = try chat.prompt(item.prompt).suffix(contextSize / 2)
      let answers = item.answers.map { Array(chat.answer($0).prefix(contextSize / 2)) }
      return of([(prompt: Array(prompt), answers: answers)], model: chat.model)
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
