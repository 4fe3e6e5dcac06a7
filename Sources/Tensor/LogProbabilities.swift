import CKernels

extension Rowwise {
  /// log softmax(logits[r])[targets[r]] in nats    logits [R, V] → R values
  public static func logProbabilities(
    _ logits: Matrix, targets: [Int32], on workers: Workers
  ) -> [Float] {
    require(targets, fit: logits)
    let result = Matrix(rows: 1, columns: logits.rows)
    workers.share(logits.rows, by: Stripes.rows(of: logits.columns)) { rows in
      for row in rows {
        let total = unsafe ck_log_sum_exp(logits.at(row), logits.columns)
        let logit = Double(logits[row, Int(targets[row])])
        result[0, row] = Float(logit - total)
      }
    }
    return result.values
  }

  /// Each row of logits [R, V] becomes slopes[r] · (onehot(targets[r]) − softmax(logits[r])): the
  /// gradient of Σ_r slopes[r] · log-probability[r].
  public static func logProbabilityGradient(
    _ logits: Matrix, targets: [Int32], slopes: [Float], on workers: Workers
  ) {
    require(targets, fit: logits)
    precondition(slopes.count == logits.rows, "\(slopes.count) slopes for \(logits.rows) rows")
    workers.share(logits.rows, by: Stripes.rows(of: logits.columns)) { rows in
      for row in rows {
        unsafe ck_log_probability_gradient(
          logits.at(row), logits.columns, Int(targets[row]), slopes[row])
      }
    }
  }

  private static func require(_ targets: [Int32], fit logits: Matrix) {
    precondition(targets.count == logits.rows, "\(targets.count) targets, \(logits.rows) rows")
    precondition(
      targets.allSatisfy { $0 >= 0 && $0 < logits.columns },
      "a target is not below \(logits.columns)")
  }
}
