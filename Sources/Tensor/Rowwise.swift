import CKernels

/// Row-by-row functions of transformers; each row's result depends on that row alone, and sums over
/// rows run in the rows' order. Forward and backward stand together.
public enum Rowwise {
  /// y = x / √(mean(x²) + ε) · weight        x, y [T, D], weight [1, D]; y may be x
  public static func rmsNorm(
    _ x: Matrix, weight: Matrix, epsilon: Float, into y: Matrix, on workers: Workers
  ) {
    weight.requireShape(1, x.columns, "weight")
    y.requireShape(x.rows, x.columns, "y")
    workers.share(x.rows, by: Stripes.rows(of: x.columns)) { rows in
      let first = rows.lowerBound
      unsafe ck_rms_norm(x.at(first), rows.count, x.columns, weight.at(0), epsilon, y.at(first))
    }
  }

  /// Adds the gradient to dx [T, D] and, if asked for, to weightGradient [1, D].
  public static func rmsNormBackward(
    _ x: Matrix, weight: Matrix, epsilon: Float, dy: Matrix, addingTo dx: Matrix,
    weightGradient: Matrix?, on workers: Workers
  ) {
    weight.requireShape(1, x.columns, "weight")
    dy.requireShape(x.rows, x.columns, "dy")
    dx.requireShape(x.rows, x.columns, "dx")
    let inverse = Matrix(rows: 1, columns: x.rows)
    workers.share(x.rows, by: Stripes.rows(of: x.columns)) { rows in
      let first = rows.lowerBound
      unsafe ck_rms_norm_backward(
        x.at(first), rows.count, x.columns, weight.at(0), epsilon, dy.at(first), dx.at(first),
        inverse.at(0, first))
    }
    guard let weightGradient else { return }
    weightGradient.requireShape(1, x.columns, "weightGradient")
    workers.share(x.columns, by: Stripes.columns) { columns in
      let first = columns.lowerBound
      unsafe ck_rms_norm_weight_gradient(
        x.at(0, first), dy.at(0, first), inverse.at(0), x.rows, columns.count, x.columns,
        weightGradient.at(0, first))
    }
  }

  /// y = silu(gate) · up, all [T, F]
  public static func swiGLU(gate: Matrix, up: Matrix, into y: Matrix, on workers: Workers) {
    up.requireShape(gate.rows, gate.columns, "up")
    y.requireShape(gate.rows, gate.columns, "y")
    workers.share(gate.count, by: Stripes.values) { part in
      let i = part.lowerBound
      unsafe ck_swiglu(gate.at(0, i), up.at(0, i), part.count, y.at(0, i))
    }
  }

  /// Overwrites dGate and dUp, which may be gate, up or dy themselves.
  public static func swiGLUBackward(
    gate: Matrix, up: Matrix, dy: Matrix, dGate: Matrix, dUp: Matrix, on workers: Workers
  ) {
    up.requireShape(gate.rows, gate.columns, "up")
    dy.requireShape(gate.rows, gate.columns, "dy")
    dGate.requireShape(gate.rows, gate.columns, "dGate")
    dUp.requireShape(gate.rows, gate.columns, "dUp")
    workers.share(gate.count, by: Stripes.values) { part in
      let i = part.lowerBound
      unsafe ck_swiglu_backward(
        gate.at(0, i), up.at(0, i), dy.at(0, i), part.count, dGate.at(0, i), dUp.at(0, i))
    }
  }

  /// y += scale · x, of one shape
  public static func add(_ x: Matrix, to y: Matrix, scale: Float = 1, on workers: Workers) {
    y.requireShape(x.rows, x.columns, "y")
    workers.share(x.count, by: Stripes.values) { part in
      unsafe ck_add_scaled(
        x.at(0, part.lowerBound), part.count, scale, y.at(0, part.lowerBound))
    }
  }

  /// y[t, n] += bias[n]                      y [T, N], bias [1, N]
  public static func addBias(_ bias: Matrix, to y: Matrix, on workers: Workers) {
    bias.requireShape(1, y.columns, "bias")
    workers.share(y.rows, by: Stripes.rows(of: y.columns)) { rows in
      for row in rows { unsafe ck_add_scaled(bias.at(0), y.columns, 1, y.at(row)) }
    }
  }

  /// sums[n] += Σ_t dy[t, n], in order of t  dy [T, N], sums [1, N]
  public static func addColumnSums(of dy: Matrix, to sums: Matrix, on workers: Workers) {
    sums.requireShape(1, dy.columns, "sums")
    workers.share(dy.columns, by: Stripes.columns) { columns in
      let first = columns.lowerBound
      unsafe ck_add_column_sums(
        dy.at(0, first), dy.rows, columns.count, dy.columns, sums.at(0, first))
    }
  }

  /// gradient[ids[t], :] += scales[t] · dy[t, :], in order of t; without scales, these are 1.
  public static func scatterAdd(
    _ dy: Matrix, ids: [Int32], scales: [Float]? = nil, into gradient: Matrix, on workers: Workers
  ) {
    dy.requireShape(ids.count, gradient.columns, "dy")
    precondition(scales.map { $0.count == ids.count } ?? true, "one scale for each row")
    precondition(
      ids.allSatisfy { $0 >= 0 && $0 < gradient.rows }, "an id is not below \(gradient.rows)")
    workers.share(dy.columns, by: Stripes.columns) { columns in
      let first = columns.lowerBound
      for (row, id) in ids.enumerated() {
        unsafe ck_add_scaled(
          dy.at(row, first), columns.count, scales?[row] ?? 1, gradient.at(Int(id), first))
      }
    }
  }

  /// Σ x², summed up in double precision.
  public static func sumOfSquares(_ x: Matrix) -> Double {
    unsafe ck_sum_of_squares(x.at(0), x.count)
  }
}
