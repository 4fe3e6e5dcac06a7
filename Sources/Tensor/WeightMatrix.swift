/// The weights W [rows, columns] of a linear layer: rows are outputs, columns inputs.
public enum WeightMatrix: Sendable {
  case panels(PanelMatrix)
  case dense(DenseMatrix)

  public var rows: Int {
    switch self {
    case .panels(let matrix): matrix.rows
    case .dense(let matrix): matrix.rows
    }
  }

  public var columns: Int {
    switch self {
    case .panels(let matrix): matrix.columns
    case .dense(let matrix): matrix.columns
    }
  }

  /// y[t, n] = Σ_k x[t, k] · W[n, k]        x [T, columns] → y [T, rows], overwritten
  ///
  /// Inference arithmetic: each row of y depends on its own row of x alone, bit for bit, whatever T,
  /// the number of threads or the kernels' path. Panels: x is quantised per row and block of 32 to
  /// signed 8-bit codes with a float scale (largest magnitude / 127), dot products are whole
  /// numbers, and one fused multiply-add per block sums them up in order.
  public func product(_ x: Matrix, into y: Matrix, on workers: Workers) {
    requireShapes(x, y)
    switch self {
    case .panels(let matrix): matrix.product(x, into: y, on: workers)
    case .dense(let matrix): matrix.product(x, into: y, on: workers)
    }
  }

  /// Several products of the same rows, with the arithmetic of `product`, in less time than one by
  /// one.
  public static func products(
    _ x: Matrix, _ parts: [(weights: WeightMatrix, y: Matrix)], on workers: Workers
  ) {
    var panels: [(weights: PanelMatrix, y: Matrix)] = []
    for (weights, y) in parts {
      weights.requireShapes(x, y)
      switch weights {
      case .panels(let matrix): panels.append((matrix, y))
      case .dense(let matrix): matrix.product(x, into: y, on: workers)
      }
    }
    PanelMatrix.products(panels, x, on: workers)
  }

  /// The same for training: of the parts that are `fine`, panels meet x with 16 bits instead of 8,
  /// in twice the time; weights that are floats are met in float by BLAS.
  public static func trainingProducts(
    _ x: Matrix, _ parts: [(weights: WeightMatrix, y: Matrix, isFine: Bool)], on workers: Workers
  ) {
    var (coarse, fine): ([(weights: PanelMatrix, y: Matrix)], [(weights: PanelMatrix, y: Matrix)])
    (coarse, fine) = ([], [])
    for (weights, y, isFine) in parts {
      weights.requireShapes(x, y)
      switch weights {
      case .panels(let matrix) where isFine: fine.append((matrix, y))
      case .panels(let matrix): coarse.append((matrix, y))
      case .dense(let matrix): matrix.floatProduct(x, into: y, on: workers)
      }
    }
    PanelMatrix.products(coarse, x, fine: fine, on: workers)
  }

  /// The same product in float by BLAS, for training; panels become floats stripe by stripe.
  ///
  /// The same for any number of threads, but a row may come out differently among other rows.
  public func floatProduct(_ x: Matrix, into y: Matrix, on workers: Workers) {
    requireShapes(x, y)
    switch self {
    case .panels(let matrix): matrix.floatProduct(x, into: y, on: workers)
    case .dense(let matrix): matrix.floatProduct(x, into: y, on: workers)
    }
  }

  /// dx[t, k] += Σ_n dy[t, n] · W[n, k]     dy [T, rows], dx [T, columns]
  ///
  /// Backward through the weights, in float by BLAS; the same for any number of threads.
  public func addTransposedProduct(_ dy: Matrix, into dx: Matrix, on workers: Workers) {
    requireShapes(dx, dy)
    switch self {
    case .panels(let matrix): matrix.addTransposedProduct(dy, into: dx, on: workers)
    case .dense(let matrix): matrix.addTransposedProduct(dy, into: dx, on: workers)
    }
  }

  /// dx[t, k] += Σ_n dy[t, n] · W[n, k]     dy [T, rows], dx [T, columns]
  ///
  /// Backward through the weights, fast: where they are int8 panels, dy is rounded to int8 per row
  /// and block of 32, and so are the weights once more, per column and 32 rows; dot products are
  /// whole numbers. Each row of dx depends on its own row of dy alone, bit for bit, whatever the
  /// number of threads or the kernels' path. The rounding moves dx by about one part in a hundred.
  public func addTurnedProduct(_ dy: Matrix, into dx: Matrix, on workers: Workers) {
    requireShapes(dx, dy)
    switch self {
    case .panels(let matrix): matrix.addTurnedProduct(dy, into: dx, on: workers)
    case .dense(let matrix): matrix.addTransposedProduct(dy, into: dx, on: workers)
    }
  }

  /// Rows of the same memory as a matrix of their own.
  ///
  /// - Precondition: they start at a multiple of 32.
  public func slice(rows: Range<Int>) -> WeightMatrix {
    switch self {
    case .panels(let matrix): .panels(matrix.slice(rows: rows))
    case .dense(let matrix): .dense(matrix.slice(rows: rows))
    }
  }

  /// out[t, :] = W[ids[t], :]               out [ids.count, columns]
  public func gather(_ ids: [Int32], into out: Matrix, on workers: Workers) {
    out.requireShape(ids.count, columns, "out")
    precondition(ids.allSatisfy { $0 >= 0 && $0 < rows }, "an id is not below \(rows)")
    switch self {
    case .panels(let matrix): matrix.gather(ids, into: out, on: workers)
    case .dense(let matrix): matrix.gather(ids, into: out, on: workers)
    }
  }

  private func requireShapes(_ inputs: Matrix, _ outputs: Matrix) {
    inputs.requireShape(outputs.rows, columns, "the inputs' side")
    outputs.requireShape(inputs.rows, rows, "the outputs' side")
  }
}
