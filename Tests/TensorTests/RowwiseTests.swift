import Foundation
import Tensor
import Testing

struct RowwiseTests {
  static let rowCounts = [0, 1, 7, 33]
  static let widths = [1, 8, 16, 33, 600]

  static func rmsNorm(_ x: Exact, _ weight: Exact, _ epsilon: Double) -> Exact {
    let means = (0..<x.rows).map { t in
      x.row(t).reduce(0) { $0 + $1 * $1 } / Double(x.columns)
    }
    return Exact(x.rows, x.columns) { t, j in
      x[t, j] / (means[t] + epsilon).squareRoot() * weight[0, j]
    }
  }

  @Test(arguments: rowCounts, widths)
  func `rms norm divides by the root of the mean square`(rows: Int, width: Int) {
    var numbers = Numbers(31)
    let (x, weight) = (numbers.matrix(rows, width), numbers.matrix(1, width))
    let y = Matrix(rows: rows, columns: width)
    Rowwise.rmsNorm(x, weight: weight, epsilon: 1e-3, into: y, on: twoThreads)
    #expect(difference(y, Self.rmsNorm(Exact(x), Exact(weight), 1e-3)) < 1e-6)
  }

  @Test(arguments: [1, 3], [1, 8, 16, 33, 70])
  func `the gradient of rms norm is its slope`(rows: Int, width: Int) {
    var numbers = Numbers(32)
    let (x, weight, dy) = (
      numbers.matrix(rows, width), numbers.matrix(1, width), numbers.matrix(rows, width)
    )
    let (dx, dw) = (numbers.matrix(rows, width), numbers.matrix(1, width))
    let (dx0, dw0) = (Exact(dx), Exact(dw))
    Rowwise.rmsNormBackward(
      x, weight: weight, epsilon: 1e-3, dy: dy, addingTo: dx, weightGradient: dw, on: twoThreads)
    func loss(_ x: Exact, _ w: Exact) -> Double {
      zip(Self.rmsNorm(x, w, 1e-3).values, Exact(dy).values).reduce(0) { $0 + $1.0 * $1.1 }
    }
    #expect(difference(dx, dx0 + slopes(Exact(x)) { loss($0, Exact(weight)) }) < 1e-5)
    #expect(difference(dw, dw0 + slopes(Exact(weight)) { loss(Exact(x), $0) }) < 1e-5)
  }

  @Test(arguments: rowCounts, widths)
  func `SwiGLU gates and its gradient follows`(rows: Int, width: Int) {
    var numbers = Numbers(33)
    let (gate, up, dy) = (
      numbers.matrix(rows, width), numbers.matrix(rows, width), numbers.matrix(rows, width)
    )
    Rowwise.add(gate.copy(), to: gate, scale: 9, on: oneThread)
    let y = Matrix(rows: rows, columns: width)
    Rowwise.swiGLU(gate: gate, up: up, into: y, on: twoThreads)
    func silu(_ x: Double) -> Double { x / (1 + exp(-x)) }
    let (g, u, d) = (Exact(gate), Exact(up), Exact(dy))
    #expect(difference(y, Exact(rows, width) { silu(g[$0, $1]) * u[$0, $1] }) < 1e-6)
    let (dGate, dUp) = (Matrix(rows: rows, columns: width), Matrix(rows: rows, columns: width))
    Rowwise.swiGLUBackward(gate: gate, up: up, dy: dy, dGate: dGate, dUp: dUp, on: twoThreads)
    let slope = Exact(rows, width) {
      (silu(g[$0, $1] + 1e-5) - silu(g[$0, $1] - 1e-5)) / 2e-5 * u[$0, $1] * d[$0, $1]
    }
    #expect(difference(dGate, slope) < 2e-6)
    #expect(difference(dUp, Exact(rows, width) { silu(g[$0, $1]) * d[$0, $1] }) < 1e-6)
  }

  @Test(arguments: [-1000, -100, -88, -87, 87, 88, 100, 1000] as [Float])
  func `SwiGLU is sound far out`(gate: Float) {
    let y = Matrix(rows: 1, columns: 1)
    let (g, one) = (
      Matrix(rows: 1, columns: 1, values: [gate]), Matrix(rows: 1, columns: 1, values: [1])
    )
    Rowwise.swiGLU(gate: g, up: one, into: y, on: oneThread)
    #expect(abs(y[0, 0] - max(gate, 0)) < 1e-5)
    let (dGate, dUp) = (Matrix(rows: 1, columns: 1), Matrix(rows: 1, columns: 1))
    Rowwise.swiGLUBackward(gate: g, up: one, dy: one, dGate: dGate, dUp: dUp, on: oneThread)
    #expect(abs(dGate[0, 0] - (gate > 0 ? 1 : 0)) < 1e-5)
  }

  @Test(arguments: rowCounts, widths)
  func `sums go where they belong`(rows: Int, width: Int) {
    var numbers = Numbers(34)
    let (x, y, bias) = (
      numbers.matrix(rows, width), numbers.matrix(rows, width), numbers.matrix(1, width)
    )
    let (x0, y0, b0) = (Exact(x), Exact(y), Exact(bias))
    Rowwise.add(x, to: y, scale: 0.5, on: twoThreads)
    #expect(difference(y, y0 + 0.5 * x0) < 1e-6)
    Rowwise.addBias(bias, to: x, on: twoThreads)
    #expect(difference(x, x0 + Exact(rows, width) { b0[0, $1] }) < 1e-6)
    Rowwise.addColumnSums(of: y, to: bias, on: twoThreads)
    let ones = Exact(1, rows) { _, _ in 1 }
    #expect(difference(bias, b0 + ones * Exact(y)) < 2e-6)
    let squares = Exact(x).values.reduce(0) { $0 + $1 * $1 }
    #expect(abs(Rowwise.sumOfSquares(x) - squares) <= 1e-12 * squares)
  }

  @Test
  func `scattered rows are added up, repeated ones too`() {
    var numbers = Numbers(35)
    let (dy, gradient) = (numbers.matrix(5, 300), numbers.matrix(4, 300))
    var expected = Exact(gradient)
    let ids: [Int32] = [3, 0, 3, 3, 1]
    for (t, id) in ids.enumerated() {
      for j in 0..<300 { expected[Int(id), j] += Double(dy[t, j]) }
    }
    Rowwise.scatterAdd(dy, ids: ids, into: gradient, on: twoThreads)
    #expect(difference(gradient, expected) < 1e-6)
  }
}

/// Central differences of a function of a matrix.
func slopes(_ at: Exact, step: Double = 1e-5, _ function: (Exact) -> Double) -> Exact {
  var point = at
  return Exact(at.rows, at.columns) { row, column in
    let value = at[row, column]
    point[row, column] = value + step
    let above = function(point)
    point[row, column] = value - step
    let below = function(point)
    point[row, column] = value
    return (above - below) / (2 * step)
  }
}
