import Tensor

/// The output matrix over rows of which one token's log-probability each is asked for.
///
/// The vocabulary goes by in pieces, so that rows of logits are never whole: soft-max's denominator
/// runs along and, where there is a way back, so does the mean of the output matrix' rows.
///
///     log p = logit(target) − log Σ_v exp(logit_v)
///     d log p / d hidden = W[target] − Σ_v p_v · W[v]
struct OutputHead {
  /// [V, D]
  let weights: WeightMatrix
  let arithmetic: Arithmetic
  let workers: Workers

  /// Tokens of the vocabulary, and rows, that meet at once: 8 MiB of logits.
  private static let piece = 4096
  static let rowsTogether = 512

  /// - Parameters:
  ///   - hidden: rows after the last norm, [R, D].
  ///   - withSlopes: whether to return d log p / d hidden, [R, D].
  func score(
    _ hidden: Matrix, targets: [Int32], withSlopes: Bool
  ) -> (logProbabilities: [Float], slopes: Matrix?) {
    let soft = RunningSoftMax(targets: targets)
    let means = withSlopes ? Matrix(rows: hidden.rows, columns: hidden.columns) : nil
    for first in stride(from: 0, to: weights.rows, by: Self.piece) {
      let part = weights.slice(rows: first..<min(first + Self.piece, weights.rows))
      let logits = Matrix(unsetRows: hidden.rows, columns: part.rows)
      part.product(hidden, into: logits, arithmetic: arithmetic, on: workers)
      soft.take(logits, from: first, scaling: means, on: workers)
      if let means {
        part.addBackwardProduct(logits, into: means, arithmetic: arithmetic, on: workers)
      }
    }
    let slopes = means.map { means in
      let slopes = Matrix(unsetRows: hidden.rows, columns: hidden.columns)
      weights.gather(targets, into: slopes, on: workers)
      soft.subtractMeans(means, from: slopes, on: workers)
      return slopes
    }
    return (soft.logProbabilities, slopes)
  }
}
