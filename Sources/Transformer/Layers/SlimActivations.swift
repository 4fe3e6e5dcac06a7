import Tensor

/// What of a layer's activations is worth keeping: the rest follows from it row by row, without any
/// product.
struct SlimActivations {
  private let x: KeptMatrix
  private let rawQ: KeptMatrix?
  private let rawK: KeptMatrix?
  private let q: KeptMatrix
  private let k: KeptMatrix
  private let v: KeptMatrix
  private let gathered: KeptMatrix
  private let logSums: Matrix
  private let middle: KeptMatrix
  private let gate: KeptMatrix
  private let up: KeptMatrix

  /// - Parameter rounds: to bfloat16.
  init(_ layer: LayerActivations, rounds: Bool, on workers: Workers) {
    func keep(_ matrix: Matrix) -> KeptMatrix {
      rounds ? .rounded(BFloat16Matrix(rounding: matrix, on: workers)) : .floats(matrix)
    }
    (x, middle) = (keep(layer.x), keep(layer.middle))
    rawQ = layer.rawQ === layer.q ? nil : keep(layer.rawQ)
    rawK = layer.rawK === layer.k ? nil : keep(layer.rawK)
    (q, k, v) = (keep(layer.q), keep(layer.k), keep(layer.v))
    (gathered, logSums) = (keep(layer.gathered), layer.logSums)
    (gate, up) = (keep(layer.gate), keep(layer.up))
  }

  /// Bytes that a row takes.
  static func bytesPerRow(_ shape: ModelShape, rounds: Bool) -> Int {
    let heads = shape.queryWidth + shape.keyValueWidth
    let values =
      2 * shape.width + 2 * heads + 2 * shape.feedForward
      + (shape.architecture.normalizesHeads ? heads : 0)
    return values * (rounds ? 2 : 4) + shape.heads * 4
  }

  /// All activations again, bit for bit but for the rounding.
  func complete(_ pass: LayerPass) -> LayerActivations {
    func floats(_ kept: KeptMatrix) -> Matrix { kept.floats(on: pass.workers) }
    let (x, middle, gate, up) = (floats(x), floats(middle), floats(gate), floats(up))
    let (q, k) = (floats(q), floats(k))
    let product = Matrix(unsetRows: gate.rows, columns: gate.columns)
    Rowwise.swiGLU(gate: gate, up: up, into: product, on: pass.workers)
    return LayerActivations(
      x: x, normed: pass.norm(x, pass.layer.attentionNorm), rawQ: rawQ.map(floats) ?? q,
      rawK: rawK.map(floats) ?? k, q: q, k: k, v: floats(v), gathered: floats(gathered),
      logSums: logSums, middle: middle,
      middleNormed: pass.norm(middle, pass.layer.feedForwardNorm), gate: gate, up: up,
      product: product)
  }
}

/// Activations that wait for the way back.
private enum KeptMatrix {
  case floats(Matrix)
  case rounded(BFloat16Matrix)

  func floats(on workers: Workers) -> Matrix {
    switch self {
    case .floats(let matrix): matrix
    case .rounded(let matrix): matrix.floats(on: workers)
    }
  }
}
