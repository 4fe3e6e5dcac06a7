import Foundation
import Tensor
import Testing

struct LogProbabilitiesTests {
  static func logSoftmax(_ logits: Exact) -> Exact {
    let totals = (0..<logits.rows).map { row in
      let top = logits.row(row).max() ?? 0
      return top + log(logits.row(row).reduce(0) { $0 + exp($1 - top) })
    }
    return Exact(logits.rows, logits.columns) { logits[$0, $1] - totals[$0] }
  }

  @Test(arguments: [1, 16, 33, 5000], [1, 30] as [Float])
  func `log-probability and its gradient are those of soft-max`(width: Int, spread: Float) {
    var numbers = Numbers(51)
    let logits = Matrix(rows: 7, columns: width)
    Rowwise.add(numbers.matrix(7, width), to: logits, scale: spread, on: oneThread)
    let targets = (0..<7).map { Int32(($0 * 1234 + 1) % width) }
    let exact = Self.logSoftmax(Exact(logits))
    let found = Rowwise.logProbabilities(logits, targets: targets, on: twoThreads)
    for row in 0..<7 {
      let expected = exact[row, Int(targets[row])]
      #expect(abs(Double(found[row]) - expected) < 1e-6 * (1 + abs(expected)))
    }
    let weights = (0..<7).map { _ in numbers.next() }
    Rowwise.logProbabilityGradient(logits, targets: targets, slopes: weights, on: twoThreads)
    let expected = Exact(7, width) { row, column in
      let p = exp(exact[row, column])
      return Double(weights[row]) * ((Int(targets[row]) == column ? 1 : 0) - p)
    }
    #expect(difference(logits, expected) < 1e-6)
  }

  @Test
  func `large logits do not overflow and excluded ones have no part`() {
    let logits = Matrix(rows: 1, columns: 20)
    logits.fill(-.infinity)
    logits[0, 3] = 1e8
    logits[0, 17] = 1e8
    let found = Rowwise.logProbabilities(logits, targets: [17], on: oneThread)
    #expect(abs(found[0] + Float(log(2.0))) < 1e-6)
  }

  @Test
  func `no rows have no log-probabilities`() {
    let none = Matrix(rows: 0, columns: 20)
    #expect(Rowwise.logProbabilities(none, targets: [], on: twoThreads).isEmpty)
  }
}
