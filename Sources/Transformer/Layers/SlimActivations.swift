import Tensor

/// What of a layer's activations is worth keeping: the rest follows from it row by row, without any
/// product.
struct SlimActivations {
  private let x: Matrix
  private let rawQ: Matrix
  private let rawK: Matrix
  private let q: Matrix
  private let k: Matrix
  private let v: Matrix
  private let gathered: Matrix
  private let logSums: Matrix
  private let middle: Matrix
  private let gate: Matrix
  private let up: Matrix

  init(_ layer: LayerActivations) {
    (x, middle) = (layer.x, layer.middle)
    (rawQ, rawK) = (layer.rawQ, layer.rawK)
    (q, k, v) = (layer.q, layer.k, layer.v)
    (gathered, logSums) = (layer.gathered, layer.logSums)
    (gate, up) = (layer.gate, layer.up)
  }

  /// Bytes that a row takes. Where heads have norms, their inputs come on top.
  static func bytesPerRow(_ shape: ModelShape) -> Int {
    let heads = shape.queryWidth + shape.keyValueWidth
    let values =
      2 * shape.width + 2 * heads + shape.heads + 2 * shape.feedForward
      + (shape.architecture == .qwen3 ? heads : 0)
    return values * MemoryLayout<Float>.stride
  }

  /// All activations again, bit for bit.
  func complete(_ pass: LayerPass) -> LayerActivations {
    let product = Matrix(rows: gate.rows, columns: gate.columns)
    Rowwise.swiGLU(gate: gate, up: up, into: product, on: pass.workers)
    return LayerActivations(
      x: x, normed: norm(x, pass.layer.attentionNorm, pass), rawQ: rawQ, rawK: rawK, q: q, k: k,
      v: v, gathered: gathered, logSums: logSums, middle: middle,
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
