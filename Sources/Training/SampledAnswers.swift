public import Transformer

/// What a model in training writes to prompts that are held back, in numbers.
public struct SampledAnswers: Codable, Equatable, Sendable {
  public var answers: Int
  /// Tokens of an answer, on average.
  public var length: Double
  /// Share of the answers that repeat themselves.
  public var repetitive: Double
  /// Share of the answers that end by themselves, and not where the limit of their length is.
  public var ended: Double

  public init(answers: Int, length: Double, repetitive: Double, ended: Double) {
    self.answers = answers
    self.length = length
    self.repetitive = repetitive
    self.ended = ended
  }

  enum CodingKeys: String, CodingKey {
    case answers = "eval_answers"
    case length = "eval_answer_length"
    case repetitive = "eval_repetitive"
    case ended = "eval_ended"
  }

  /// A share of the answers in words.
  func count(_ share: Double) -> String {
    "\(Int((share * Double(answers)).rounded())) of \(answers)"
  }
}

/// Lets a model in training write to prompts that are held back.
///
/// The same model gives the same answers whenever it is asked: a training that was broken off sees
/// what it would have seen.
public protocol AnswerSampling: Sendable {
  /// Differs where prompts, or the way in which answers are drawn, differ.
  var identity: String { get }

  func sample(_ model: LanguageModel, _ adapter: Adapter?) -> SampledAnswers
}
