import CKernels
import Foundation

/// Soft-max over rows of logits that come in pieces of the vocabulary.
///
///     log p(target) = logit(target) − top − log Σ exp(logit − top)
///
/// A row's numbers depend on that row and on how the vocabulary is cut, on nothing else.
public struct RunningSoftMax: Sendable {
  private let targets: [Int32]
  /// The targets' logits, and the largest logits so far, [1, R].
  private let chosen: Matrix
  private let tops: Matrix
  /// Σ exp(logit − top) of each row.
  private let totals: AlignedMemory

  /// - Parameter targets: one for each row.
  public init(targets: [Int32]) {
    self.targets = targets
    chosen = Matrix(rows: 1, columns: targets.count)
    tops = Matrix(rows: 1, columns: targets.count)
    tops.fill(-.infinity)
    totals = AlignedMemory(byteCount: targets.count * MemoryLayout<Double>.stride, zeroed: true)
    chosen.fill(-.infinity)
  }

  /// Takes the logits [R, n] of the tokens from `first` on, which become exp(logit − top).
  ///
  /// - Parameter sums: Σ exp(logit − top) · value over the tokens before, [R, D]; brought to the new
  ///   top.
  public func take(_ logits: Matrix, from first: Int, scaling sums: Matrix?, on workers: Workers) {
    logits.requireShape(targets.count, logits.columns, "logits")
    sums?.requireShape(targets.count, sums?.columns ?? 0, "sums")
    workers.share(logits.rows, by: Stripes.rows(of: logits.columns)) { rows in
      for row in rows {
        let target = Int(targets[row]) - first
        if target >= 0, target < logits.columns { chosen[0, row] = logits[row, target] }
        unsafe ck_soft_max_piece(
          logits.at(row), logits.columns, tops.at(0, row), total(row),
          (sums ?? logits).at(row), sums?.columns ?? 0)
      }
    }
  }

  /// After the last piece: the targets' log-probabilities in nats.
  public var logProbabilities: [Float] {
    targets.indices.map { row in
      Float(Double(chosen[0, row]) - Double(tops[0, row]) - log(unsafe total(row).pointee))
    }
  }

  /// After the last piece: rows[r] −= sums[r] / Σ exp, the soft-max's mean of what was summed up.
  public func subtractMeans(_ sums: Matrix, from rows: Matrix, on workers: Workers) {
    sums.requireShape(targets.count, rows.columns, "sums")
    rows.requireShape(targets.count, rows.columns, "rows")
    workers.share(rows.rows, by: Stripes.rows(of: rows.columns)) { part in
      for row in part {
        let share = unsafe Float(-1 / total(row).pointee)
        unsafe ck_add_scaled(sums.at(row), rows.columns, share, rows.at(row))
      }
    }
  }

  private func total(_ row: Int) -> UnsafeMutablePointer<Double> {
    unsafe totals.base.assumingMemoryBound(to: Double.self) + row
  }
}
