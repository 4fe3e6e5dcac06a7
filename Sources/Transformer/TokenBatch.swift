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
/// prompt is computed once. So is the stem, what all prompts begin with. The last token of a scored
/// answer has no row: nothing is asked after it.
public struct TokenBatch: Sendable {
  public private(set) var ids: [Int32] = []
  public private(set) var positions: [Int32] = []
  public private(set) var segments: [AttentionSegment] = []
  public private(set) var scored: [ScoredToken] = []
  /// How many tokens each answer has.
  public private(set) var answerTokens: [Int] = []
  /// The row of each whole answer's last token; empty where tokens are scored.
  public private(set) var ends: [Int] = []
  /// How many prompts there are.
  public private(set) var prompts = 0
  /// The rows of what all prompts begin with; nil where each is read from its beginning.
  public let stem: Range<Int>?

  public var rows: Int { ids.count }
  public var answers: Int { answerTokens.count }

  /// - Parameter stem: what every prompt begins with, and none is; may be empty.
  public init(stem: ArraySlice<Int32> = []) {
    self.stem = stem.isEmpty ? nil : 0..<stem.count
    append(stem, at: 0, stem: nil, prefix: nil)
  }

  /// Adds a prompt with its answers; every token of every answer is scored.
  ///
  /// - Precondition: prompt and answers are not empty, and the prompt goes on after the stem.
  public mutating func add(prompt: [Int32], answers: [[Int32]]) {
    let promptRows = append(prompt, before: answers)
    for answer in answers {
      let branch = append(
        answer.dropLast(), at: prompt.count, stem: stem, prefix: promptRows)
      for (index, target) in answer.enumerated() {
        let row = index == 0 ? promptRows.upperBound - 1 : branch.lowerBound + index - 1
        scored.append(ScoredToken(row: row, target: target, answer: self.answers))
      }
      answerTokens.append(answer.count)
    }
    prompts += 1
  }

  /// Adds a prompt with its answers, of which no token is scored: even the last has a row, ``ends``,
  /// from which a number for the whole answer can be read.
  ///
  /// - Precondition: prompt and answers are not empty, and the prompt goes on after the stem.
  public mutating func add(prompt: [Int32], wholeAnswers: [[Int32]]) {
    let promptRows = append(prompt, before: wholeAnswers)
    for answer in wholeAnswers {
      let branch = append(answer[...], at: prompt.count, stem: stem, prefix: promptRows)
      ends.append(branch.upperBound - 1)
      answerTokens.append(answer.count)
    }
    prompts += 1
  }

  /// Rows that `add(prompt:answers:)` would take where there is no stem.
  public static func rows(prompt: Int, answers: [Int]) -> Int {
    prompt + answers.reduce(0) { $0 + $1 - 1 }
  }

  /// The rows of what a prompt has after the stem.
  private mutating func append(_ prompt: [Int32], before answers: [[Int32]]) -> Range<Int> {
    let stemTokens = stem?.count ?? 0
    precondition(
      prompt.count > stemTokens && answers.allSatisfy { !$0.isEmpty }, "nothing to learn from")
    precondition(prompt.starts(with: ids.prefix(stemTokens)), "a prompt that begins otherwise")
    return append(prompt[stemTokens...], at: stemTokens, stem: stem, prefix: nil)
  }

  @discardableResult
  private mutating func append(
    _ tokens: ArraySlice<Int32>, at position: Int, stem: Range<Int>?, prefix: Range<Int>?
  ) -> Range<Int> {
    let rows = ids.count..<ids.count + tokens.count
    ids += tokens
    positions += (position..<position + tokens.count).map { Int32($0) }
    if !rows.isEmpty {
      // The stem is a tree of its own.
      let tree = prompts + (stem == nil ? 0 : 1)
      segments.append(AttentionSegment(rows: rows, stem: stem, prefix: prefix, tree: tree))
    }
    return rows
  }

  /// The mean of `values`, one for each scored token, over each answer.
  public func meanPerAnswer(_ values: [Float]) -> [Float] {
    var sums = [Double](repeating: 0, count: answers)
    for (token, value) in zip(scored, values) { sums[token.answer] += Double(value) }
    return zip(sums, answerTokens).map { Float($0 / Double($1)) }
  }
}
