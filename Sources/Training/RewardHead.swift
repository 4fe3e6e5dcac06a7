internal import Foundation
internal import Tensor
public import Transformer

/// A scorer made inside the loop: a linear reward on what the initial model thinks of an answer.
///
///     r(x, y) = w · (f(x, y) − μ) / s
///
/// `f` are the features of ``AnswerFeatures``; `w` is fitted to pairs by Bradley and Terry's model,
/// P(better beats worse) = σ(r(better) − r(worse)).
public struct RewardHead: Codable, Equatable, Sendable {
  /// [n] each.
  public let weights: [Float]
  public let means: [Float]
  public let scales: [Float]

  public func score(_ features: [Float]) -> Float {
    var sum: Float = 0
    for index in weights.indices {
      sum += weights[index] * (features[index] - means[index]) / scales[index]
    }
    return sum
  }

  /// What came out of a fit.
  public struct Fit: Sendable {
    public let head: RewardHead
    public let pairs: Int
    /// Share of the pairs that were fitted, and of those that were held back, ranked rightly.
    public let accuracy: Double
    public let heldBackAccuracy: Double?
  }

  /// Fits a head to pairs of features; every fifth prompt's pairs are held back to measure it.
  ///
  /// - Parameter prompts: the pairs of each prompt. Pairs of one prompt share its better answer, so
  ///   they are never on both sides.
  /// Minimises mean softplus(−w·(better − worse)) + λ/2·|w|² by gradient descent with momentum.
  /// - Returns: nil for fewer than five prompts.
  public static func fit(
    _ prompts: [[(better: [Float], worse: [Float])]], decay: Float = 0.02, rounds: Int = 300
  ) -> Fit? {
    guard prompts.count >= 5 else { return nil }
    let fitted = prompts.enumerated().filter { $0.offset % 5 != 4 }.flatMap(\.element)
    let held = prompts.enumerated().filter { $0.offset % 5 == 4 }.flatMap(\.element)
    let (means, scales) = moments(fitted.flatMap { [$0.better, $0.worse] })
    let differences = fitted.map { pair in
      scales.indices.map { (pair.better[$0] - pair.worse[$0]) / scales[$0] }
    }
    let head = RewardHead(
      weights: descend(differences, decay: decay, rounds: rounds), means: means, scales: scales)
    return Fit(
      head: head, pairs: fitted.count + held.count, accuracy: head.accuracy(on: fitted) ?? 0,
      heldBackAccuracy: head.accuracy(on: held))
  }

  /// The share of pairs in which the better answer scores higher.
  public func accuracy(on pairs: [(better: [Float], worse: [Float])]) -> Double? {
    guard !pairs.isEmpty else { return nil }
    let right = pairs.count { score($0.better) > score($0.worse) }
    return Double(right) / Double(pairs.count)
  }

  private static func moments(_ rows: [[Float]]) -> (means: [Float], scales: [Float]) {
    let count = Float(rows.count)
    let width = rows[0].count
    var means = [Float](repeating: 0, count: width)
    var squares = means
    for row in rows { for index in row.indices { means[index] += row[index] / count } }
    for row in rows {
      for index in row.indices { squares[index] += (row[index] - means[index]).squared / count }
    }
    return (means, squares.map { max($0.squareRoot(), 1e-6) })
  }

  private static func descend(_ differences: [[Float]], decay: Float, rounds: Int) -> [Float] {
    let width = differences[0].count
    var weights = [Float](repeating: 0, count: width)
    var speed = weights
    // The curvature is at most mean |d|²/4 + λ.
    let size = differences.reduce(0) { $0 + $1.reduce(0) { $0 + $1.squared } }
    let rate = 1 / (size / Float(differences.count) / 4 + decay)
    for _ in 0..<rounds {
      var gradient = weights.map { $0 * decay }
      for difference in differences {
        let lead = zip(weights, difference).reduce(0) { $0 + $1.0 * $1.1 }
        let slope = -sigmoid(-lead) / Float(differences.count)
        for index in gradient.indices { gradient[index] += slope * difference[index] }
      }
      for index in weights.indices {
        speed[index] = 0.9 * speed[index] - rate * gradient[index]
        weights[index] += speed[index]
      }
    }
    return weights
  }
}

extension Float {
  fileprivate var squared: Float { self * self }
}

/// What a model's last layer holds of an answer: the mean of its rows, its last row, and the mean
/// log-probability the model gives its tokens. 2·D + 1 numbers.
public enum AnswerFeatures {
  /// The features of each answer, in order. An answer's features do not depend on the others.
  public static func of(
    _ items: [(prompt: [Int32], answers: [[Int32]])], model: LanguageModel
  ) -> [[Float]] {
    var batch = TokenBatch()
    for item in items { batch.add(prompt: item.prompt, answers: item.answers) }
    let pass = BatchPass(batch, model: model, arithmetic: .rowwise, keeping: .nothing)
    let means = batch.meanPerAnswer(pass.logProbabilities)
    var rows = [[Int]](repeating: [], count: batch.answers)
    for token in batch.scored { rows[token.answer].append(token.row) }
    return zip(rows, means).map { rows, mean in
      pooled(rows, of: pass) + [mean]
    }
  }

  private static func pooled(_ rows: [Int], of pass: BatchPass) -> [Float] {
    var last: [Float] = []
    var sum = [Float](repeating: 0, count: pass.hiddenRows.columns)
    for row in rows {
      last = pass.hiddenRows.row(row)
      for index in sum.indices { sum[index] += last[index] }
    }
    return sum.map { $0 / Float(rows.count) } + last
  }
}
