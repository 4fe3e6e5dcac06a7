public import Tensor

/// Which sums a product is made of.
public enum Arithmetic: Sendable {
  /// Each row's result depends on that row alone, bit for bit: what generation and scoring use.
  /// int8 weights meet activations that are rounded to int8, too.
  case rowwise
  /// Floats throughout, by BLAS: the reference that training differentiates.
  case float
  /// Training's fast one: int8 weights meet rounded activations forward and rounded gradients
  /// backward, all with 8 bits. Where that tells (``LinearName/isFine``) it is 16 bits forward, and
  /// floats backward. What is kept on the way forward is rounded to bfloat16. Everything else,
  /// adapters too, is float by BLAS. Weights that are floats are met as in `float`.
  case int8
}

extension Linear {
  /// y = x·Wᵀ + bias + scale·(x·Aᵀ)·Bᵀ, with x [T, in] and y [T, out], for layers that share x.
  /// Where there is dropout, A meets what is left of x.
  static func forward(
    _ layers: [Linear], _ x: Matrix, adapter: Adapter?, arithmetic: Arithmetic,
    on workers: Workers
  ) -> [Matrix] {
    let parts = layers.map {
      (weights: $0.weights, y: Matrix(unsetRows: x.rows, columns: $0.weights.rows))
    }
    switch arithmetic {
    case .rowwise: WeightMatrix.products(x, parts, on: workers)
    case .int8:
      WeightMatrix.trainingProducts(
        x, zip(layers, parts).map { ($1.weights, $1.y, $0.id.name.isFine) }, on: workers)
    case .float:
      for part in parts { part.weights.floatProduct(x, into: part.y, on: workers) }
    }
    for (layer, part) in zip(layers, parts) {
      layer.addRest(x, to: part.y, adapter: adapter, arithmetic: arithmetic, on: workers)
    }
    return parts.map(\.y)
  }

  private func addRest(
    _ x: Matrix, to y: Matrix, adapter: Adapter?, arithmetic: Arithmetic, on workers: Workers
  ) {
    if let bias { Rowwise.addBias(bias, to: y, on: workers) }
    guard let adapter, let part = adapter.parts[id] else { return }
    let left = adapter.dropout?.left(of: x, id, on: workers) ?? x
    switch arithmetic {
    case .rowwise: part.addRowwise(left, to: y, scale: adapter.scale, on: workers)
    case .float, .int8:
      let low = part.project(left, on: workers)
      FloatProduct.addABT(low, part.b, into: y, scale: adapter.scale, on: workers)
    }
  }

  /// From dy [T, out], adds dx = dy·W + scale·(dy·B)·A to `dx` [T, in], and to `gradients` what
  /// they ask for: dW = dyᵀ·x, dbias = Σ dy, dA = scale·(dy·B)ᵀ·x, dB = scale·dyᵀ·(x·Aᵀ).
  func backward(
    x: Matrix, dy: Matrix, addingTo dx: Matrix, adapter: Adapter?, arithmetic: Arithmetic,
    gradients: Gradients, on workers: Workers
  ) {
    weights.addBackwardProduct(
      dy, into: dx, arithmetic: arithmetic, isFine: id.name.isFine, on: workers)
    if let dw = gradients["\(id.path).weight"] {
      FloatProduct.addATB(dy, x, into: dw, on: workers)
    }
    if let db = gradients["\(id.path).bias"] {
      Rowwise.addColumnSums(of: dy, to: db, on: workers)
    }
    guard let adapter, let part = adapter.parts[id] else { return }
    let dLow = Matrix(rows: dy.rows, columns: part.a.rows)
    FloatProduct.addAB(dy, part.b, into: dLow, scale: adapter.scale, on: workers)
    let left = adapter.dropout?.left(of: x, id, on: workers) ?? x
    addBack(dLow, part, adapter.dropout, to: dx, on: workers)
    if let da = gradients["\(id.path).lora_a"] {
      FloatProduct.addATB(dLow, left, into: da, on: workers)
    }
    if let db = gradients["\(id.path).lora_b"] {
      let low = part.project(left, on: workers)
      FloatProduct.addATB(dy, low, into: db, scale: adapter.scale, on: workers)
    }
  }

  /// dx += dLow·A, of what was not left out on the way forward.
  private func addBack(
    _ dLow: Matrix, _ part: LowRank, _ dropout: Dropout?, to dx: Matrix, on workers: Workers
  ) {
    guard let dropout else { return FloatProduct.addAB(dLow, part.a, into: dx, on: workers) }
    let through = Matrix(rows: dx.rows, columns: dx.columns)
    FloatProduct.addAB(dLow, part.a, into: through, on: workers)
    dropout.apply(through, into: through, id, on: workers)
    Rowwise.add(through, to: dx, on: workers)
  }
}

extension WeightMatrix {
  /// y = x·Wᵀ
  func product(_ x: Matrix, into y: Matrix, arithmetic: Arithmetic, on workers: Workers) {
    switch (arithmetic, self) {
    case (.rowwise, _), (.int8, .panels): product(x, into: y, on: workers)
    case (.float, _), (.int8, .dense): floatProduct(x, into: y, on: workers)
    }
  }

  /// dx += dy·W
  func addBackwardProduct(
    _ dy: Matrix, into dx: Matrix, arithmetic: Arithmetic, isFine: Bool = false,
    on workers: Workers
  ) {
    switch arithmetic {
    case .int8 where !isFine: addTurnedProduct(dy, into: dx, on: workers)
    case .int8, .rowwise, .float: addTransposedProduct(dy, into: dx, on: workers)
    }
  }
}

extension LowRank {
  /// x·Aᵀ [T, r]
  func project(_ x: Matrix, on workers: Workers) -> Matrix {
    let low = Matrix(rows: x.rows, columns: a.rows)
    FloatProduct.addABT(x, a, into: low, on: workers)
    return low
  }

  /// y += scale · (x·Aᵀ)·Bᵀ, each row by itself.
  func addRowwise(_ x: Matrix, to y: Matrix, scale: Float, on workers: Workers) {
    let (a, b) = transposes
    let low = Matrix(rows: x.rows, columns: a.columns)
    FloatProduct.addRowwiseAB(x, a, into: low, scale: 1, on: workers)
    FloatProduct.addRowwiseAB(low, b, into: y, scale: scale, on: workers)
  }
}

/// The gradients that are asked for, by the names of their parameters; each is added to.
public struct Gradients: Sendable {
  public let matrices: [String: Matrix]

  /// Zeroed gradients for `parameters`.
  public init(for parameters: [(name: String, matrix: Matrix)]) {
    matrices = Dictionary(
      uniqueKeysWithValues: parameters.map {
        ($0.name, Matrix(rows: $0.matrix.rows, columns: $0.matrix.columns))
      })
  }

  public subscript(name: String) -> Matrix? { matrices[name] }

  public func clear() { for matrix in matrices.values { matrix.fill(0) } }
}
