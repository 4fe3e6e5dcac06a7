import Foundation
import Tensor
import Testing

/// Soft-max over a vocabulary that comes in pieces, against soft-max over all of it in double
/// precision.
struct RunningSoftMaxTests {
  @Test(arguments: [[5], [16, 16, 1], [1, 40, 7], [300, 33]], [1, 30] as [Float])
  func `log-probabilities are those of the whole vocabulary`(cuts: [Int], spread: Float) {
    let (logits, targets) = Self.logits(cuts.reduce(0, +), spread)
    let exact = LogProbabilitiesTests.logSoftmax(Exact(logits))
    let found = Self.run(logits, targets, cuts) { _, _ in }.logProbabilities
    for row in 0..<7 {
      let expected = exact[row, Int(targets[row])]
      #expect(abs(Double(found[row]) - expected) < 1e-6 * (1 + abs(expected)))
    }
  }

  @Test(arguments: [[5], [16, 16, 1], [1, 40, 7], [300, 33]])
  func `what is summed up along the way becomes the mean`(cuts: [Int]) {
    let (logits, targets) = Self.logits(cuts.reduce(0, +), 8)
    var numbers = Numbers(53)
    let values = numbers.matrix(logits.columns, 20)
    let sums = Matrix(rows: 7, columns: 20)
    let soft = Self.run(logits, targets, cuts, scaling: sums) { powers, first in
      for row in 0..<7 {
        for token in 0..<powers.columns {
          for i in 0..<20 { sums[row, i] += powers[row, token] * values[first + token, i] }
        }
      }
    }
    let found = Matrix(rows: 7, columns: 20)
    found.fill(2)
    soft.subtractMeans(sums, from: found, on: twoThreads)
    let exact = LogProbabilitiesTests.logSoftmax(Exact(logits))
    let expected = Exact(7, 20) { row, i in
      2 - (0..<logits.columns).reduce(0) { $0 + exp(exact[row, $1]) * Double(values[$1, i]) }
    }
    #expect(difference(found, expected) < 1e-5)
  }

  @Test func `excluded logits have no part, and what is no number stays none`() {
    let logits = Matrix(rows: 2, columns: 40)
    logits.fill(-.infinity)
    (logits[0, 17], logits[0, 33]) = (1e8, 1e8)
    logits[1, 5] = .nan
    let found = Self.run(logits, [33, 3], [16, 24]) { _, _ in }.logProbabilities
    #expect(abs(found[0] + Float(log(2.0))) < 1e-6)
    #expect(!found[1].isFinite)
  }

  /// Lets the logits go by in pieces; `body` gets each piece's powers and its first token.
  private static func run(
    _ logits: Matrix, _ targets: [Int32], _ cuts: [Int], scaling sums: Matrix? = nil,
    _ body: (Matrix, Int) -> Void
  ) -> RunningSoftMax {
    let soft = RunningSoftMax(targets: targets)
    var first = 0
    for count in cuts {
      let piece = Matrix(rows: logits.rows, columns: count)
      for row in 0..<logits.rows {
        for column in 0..<count { piece[row, column] = logits[row, first + column] }
      }
      soft.take(piece, from: first, scaling: sums, on: twoThreads)
      body(piece, first)
      first += count
    }
    return soft
  }

  private static func logits(_ width: Int, _ spread: Float) -> (Matrix, [Int32]) {
    var numbers = Numbers(52)
    let logits = Matrix(rows: 7, columns: width)
    Rowwise.add(numbers.matrix(7, width), to: logits, scale: spread, on: oneThread)
    return (logits, (0..<7).map { Int32(($0 * 1234 + 1) % width) })
  }
}
