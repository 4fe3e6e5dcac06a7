public import Tensor

/// A token whose log-probability is asked for: `target` after the row `row`.
public struct ScoredToken: Equatable, Sendable {
  public let row: Int
  public let target: Int32
  /// Which answer of the batch the token belongs to.
  public let answer: Int
}

/// Prompts with their answers laid end to end, without padding.
///
/// Each prompt is one stretch of rows; its answers are branches that continue it, so that the
/// prompt is computed once. The last token of a scored answer has no row: nothing is asked after it.
public struct TokenBatch: Sendable {
  public private(set) var ids: [Int32] = []
  public private(set) var positions: [Int32] = []
  public private(set) var segments: [AttentionSegment] = []
  public private(set) var scored: [ScoredToken] = []
  /// How many tokens each answer has.
  public private(set) var answerTokens: [Int] = []
  /// The row of each whole answer's last token; empty where tokens are scored.
  public private(set) var ends: [Int] = []
  private var trees = 0

  /// How many prompts there are.
  public var prompts: Int { trees }

  public var rows: Int { ids.count }
  public var answers: Int { answerTokens.count }

  public init() {}

  /// Adds a prompt with its answers; every token of every answer is scored.
  ///
  /// - Precondition: prompt and answers are not empty.
  public mutating func add(prompt: [Int32], answers: [[Int32]]) {
    precondition(!prompt.isEmpty && answers.allSatisfy { !$0.isEmpty }, "nothing to learn from")
    let promptRows = append(prompt, at: 0, prefix: nil)
    for answer in answers {
      let branch = append(answer.dropLast(), at: prompt.count, prefix: promptRows)
      for (index, target) in answer.enumerated() {
        let row = index == 0 ? promptRows.upperBound - 1 : branch.lowerBound + index - 1
        scored.append(ScoredToken(row: row, target: target, answer: self.answers))
      }
      answerTokens.append(answer.count)
    }
    trees += 1
  }

  /// Adds a prompt with its answers, of which no token is scored: even the last has a row, ``ends``,
  /// from which a number for the whole answer can be read.
  ///
  /// - Precondition: prompt and answers are not empty.
  public mutating func add(prompt: [Int32], wholeAnswers: [[Int32]]) {
    precondition(!prompt.isEmpty && wholeAnswers.allSatisfy { !$0.isEmpty }, "nothing to read")
    let promptRows = append(prompt, at: 0, prefix: nil)
    for answer in wholeAnswers {
      ends.append(append(answer, at: prompt.count, prefix: promptRows).upperBound - 1)
      answerTokens.append(answer.count)
    }
    trees += 1
  }

  /// Rows that `add(prompt:answers:)` would take.
  public static func rows(prompt: Int, answers: [Int]) -> Int {
    prompt + answers.reduce(0) { $0 + $1 - 1 }
  }

  private mutating func append(
    _ tokens: some Collection<Int32>, at position: Int, prefix: Range<Int>?
  ) -> Range<Int> {
    let rows = ids.count..<ids.count + tokens.count
    ids += tokens
    positions += (position..<position + tokens.count).map { Int32($0) }
    if !rows.isEmpty { segments.append(AttentionSegment(rows: rows, prefix: prefix, tree: trees)) }
    return rows
  }

  /// The mean of `values`, one for each scored token, over each answer.
  public func meanPerAnswer(_ values: [Float]) -> [Float] {
    var sums = [Double](repeating: 0, count: answers)
    for (token, value) in zip(scored, values) { sums[token.answer] += Double(value) }
    return zip(sums, answerTokens).map { Float($0 / Double($1)) }
  }
}
