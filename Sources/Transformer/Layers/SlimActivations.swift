import Tensor

/// What of a layer's activations is worth keeping: the rest follows from it row by row, without any
/// product.
struct SlimActivations {
  private let kept: [Matrix]

  init(_ layer: LayerActivations) {
    kept = [
      layer.x, layer.q, layer.k, layer.v, layer.gathered, layer.logSums, layer.middle, layer.gate,
      layer.up,
    ]
  }

  /// Bytes that a row takes: x, q, k, v, gathered, log sums, middle, gate, up.
  static func bytesPerRow(_ shape: ModelShape) -> Int {
    let values =
      2 * shape.width + 2 * shape.queryWidth + 2 * shape.keyValueWidth + shape.heads
      + 2 * shape.feedForward
    return values * MemoryLayout<Float>.stride
  }

  /// All activations again, bit for bit.
  func complete(_ pass: LayerPass) -> LayerActivations {
    let (x, middle, gate, up) = (kept[0], kept[6], kept[7], kept[8])
    let product = Matrix(rows: gate.rows, columns: gate.columns)
    Rowwise.swiGLU(gate: gate, up: up, into: product, on: pass.workers)
    return LayerActivations(
      x: x, normed: norm(x, pass.layer.attentionNorm, pass), q: kept[1], k: kept[2], v: kept[3],
      gathered: kept[4], logSums: kept[5], middle: middle,
      middleNormed: norm(middle, pass.layer.feedForwardNorm, pass), gate: gate, up: up,
      product: product)
  }

  private func norm(_ x: Matrix, _ weight: Matrix, _ pass: LayerPass) -> Matrix {
    let y = Matrix(rows: x.rows, columns: x.columns)
    Rowwise.rmsNorm(
      x, weight: weight, epsilon: pass.shape.normEpsilon, into: y, on: pass.workers)
    return y
  }
}
