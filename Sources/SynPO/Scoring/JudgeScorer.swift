internal import Foundation
internal import Tokenization
internal import Transformer

/// A model as judge: it is shown two answers, in both orders, and says which is better.
///
/// An answer's score is the mean probability, from 0 to 1, with which it is preferred to each other
/// answer of its prompt; the mean over both orders takes out a liking for a place. So scores compare
/// answers that were given together; an answer that stands alone scores ½.
struct JudgeScorer: AnswerScorer {
  let name = ScorerName.judge
  let threshold: Double
  let chat: ChatModel
  let templates: RecipeTemplates
  let contextSize: Int

  /// A mean preference of 0.6 to 0.4.
  static let defaultThreshold = 0.2

  func scores(_ items: [ScoringItem]) throws -> [[Double]] { try items.map(scores) }

  private func scores(_ item: ScoringItem) throws -> [Double] {
    let count = item.answers.count
    guard count > 1 else { return item.answers.map { _ in 0.5 } }
    var sums = [Double](repeating: 0, count: count)
    for first in 0..<count {
      for second in 0..<count where second != first {
        let share = try preference(item.prompt, item.answers[first], item.answers[second])
        sums[first] += share
        sums[second] += 1 - share
      }
    }
    return sums.map { $0 / Double(2 * (count - 1)) }
  }

  /// The probability of the reply A, of A and B.
  private func preference(_ question: String, _ first: String, _ second: String) throws -> Double {
    let prompt = try chat.prompt(
      templates.judgePrompt(question: question, first: first, second: second))
    let replies = ["A", "B"].map { Array(chat.tokenizer.encode($0, parseSpecial: false).prefix(1)) }
    let longest = min(contextSize, chat.model.contextLimit)
    let values = chat.model.logProbabilities(
      [(prompt: Array(prompt.suffix(longest)), answers: replies)], adapter: chat.adapter)
    return Double(sigmoid(values[0][0] - values[1][0]))
  }

  private func sigmoid(_ x: Float) -> Float {
    x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x))
  }
}
