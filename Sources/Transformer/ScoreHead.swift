public import Tensor

/// One number for a whole answer: r(x, y) = w · h, where h is what the last layer holds of the
/// answer's last token. Hugging Face's `…ForSequenceClassification` with one label computes it so.
public struct ScoreHead: Sendable {
  /// w [1, D], shared by reference: a trainer changes it in place.
  public let weights: Matrix

  /// The name of `weights` in Hugging Face's files and among a training's parameters.
  public static let name = "score.weight"

  public init(_ weights: Matrix) {
    precondition(weights.rows == 1, "a score head has one label, not \(weights.rows)")
    self.weights = weights
  }

  /// Normal numbers of deviation 0.02, as Hugging Face's models begin with.
  public init(width: Int, seed: UInt64) {
    var random = CounterRandom(seed: seed, stream: Self.name)
    let values = (0..<width).map { _ in random.normal() * 0.02 }
    weights = Matrix(rows: 1, columns: width, values: values)
  }

  /// The number of each whole answer of the pass's batch, summed in double precision.
  public func scores(of pass: BatchPass) -> [Float] {
    let weights = weights.values
    return pass.batch.ends.map { row in
      Float(zip(weights, pass.hiddenRows.row(row)).reduce(0) { $0 + Double($1.0) * Double($1.1) })
    }
  }

  /// Adds to `gradients` the gradient of Σ slopes[i] · score of answer i.
  ///
  ///     ∂/∂w = Σ slope · h        ∂/∂h = slope · w
  ///
  /// - Precondition: the pass kept something; one slope for each whole answer.
  public func backward(_ pass: BatchPass, slopes: [Float], into gradients: Gradients) {
    let ends = pass.batch.ends
    precondition(slopes.count == ends.count, "one slope a whole answer")
    let hidden = pass.hiddenRows
    let dHidden = Matrix(rows: hidden.rows, columns: hidden.columns)
    let gradient = gradients[Self.name]
    for (row, slope) in zip(ends, slopes) {
      for column in 0..<hidden.columns {
        dHidden[row, column] = slope * weights[0, column]
        gradient?[0, column] += slope * hidden[row, column]
      }
    }
    pass.backward(hiddenSlopes: dHidden, into: gradients)
  }
}
