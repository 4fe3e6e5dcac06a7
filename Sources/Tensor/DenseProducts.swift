import CKernels

extension DenseMatrix {
  func product(_ x: Matrix, into y: Matrix, on workers: Workers) {
    unsafe withUnsafeFloats { weights in
      unsafe RowsProduct(weights: weights, rows: rows, columns: columns)
        .run(x, into: y, on: workers)
    }
  }

  func floatProduct(_ x: Matrix, into y: Matrix, on workers: Workers) {
    let width = Stripes.width(rows)
    workers.share(rows, by: width) { stripe in
      unsafe withUnsafeFloats { weights in
        unsafe FloatProduct.multiply(
          Operand(x),
          Operand(weights + stripe.lowerBound * columns, stride: columns, isTransposed: true),
          m: x.rows, n: stripe.count, k: columns, scale: 1, beta: 0,
          into: y.at(0, stripe.lowerBound), stride: y.columns)
      }
    }
  }

  func addTransposedProduct(_ dy: Matrix, into dx: Matrix, on workers: Workers) {
    workers.share(columns, by: Stripes.width(columns)) { stripe in
      unsafe withUnsafeFloats { weights in
        unsafe FloatProduct.multiply(
          Operand(dy), Operand(weights + stripe.lowerBound, stride: columns),
          m: dy.rows, n: stripe.count, k: rows, scale: 1, beta: 1,
          into: dx.at(0, stripe.lowerBound), stride: dx.columns)
      }
    }
  }

  func gather(_ ids: [Int32], into out: Matrix, on workers: Workers) {
    workers.share(ids.count, by: Stripes.rows(of: columns)) { rows in
      unsafe withUnsafeFloats { weights in
        for row in rows {
          unsafe out.at(row).update(from: weights + Int(ids[row]) * columns, count: columns)
        }
      }
    }
  }
}

/// y[t, n] = Σ_k x[t, k] · w[n, k] with inference arithmetic: every output has its own
/// sums in a fixed order.
///
/// `@unchecked Sendable`: the weights are only read, and outlive the call that made this.
@safe
struct RowsProduct: @unchecked Sendable {
  let weights: UnsafePointer<Float>
  let rows: Int
  let columns: Int

  func run(_ x: Matrix, into y: Matrix, on workers: Workers) {
    let width = max(4, ((1 << 16) / max(1, columns * max(1, x.rows))).roundedUp(to: 4))
    workers.share(rows, by: width) { outputs in
      unsafe ck_rows_product(
        x.at(0), x.columns, x.rows, weights + outputs.lowerBound * columns, columns, outputs.count,
        columns, y.at(0, outputs.lowerBound), y.columns, 1, 0)
    }
  }
}
