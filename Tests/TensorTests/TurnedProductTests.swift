import CKernels
import Tensor
import Testing

/// The way back through int8 weights against plain sums in double precision.
struct TurnedProductTests {
  static let shapes = [(5, 7), (32, 32), (40, 100), (65, 64), (200, 96)]

  @Test(arguments: shapes)
  func `dx is dy · W but for the rounding`(rows: Int, columns: Int) {
    var numbers = Numbers(11)
    let panels = PanelMatrix(quantizing: numbers.matrix(rows, columns))
    let dy = numbers.matrix(9, rows)
    let dx = Matrix(rows: 9, columns: columns)
    WeightMatrix.panels(panels).addTurnedProduct(dy, into: dx, on: oneThread)
    let expected = Exact(dy) * Exact(panels.floats(rows: 0..<rows))
    #expect(relativeError(dx, expected) < 0.012)
  }

  @Test func `it is added to what is there`() {
    var numbers = Numbers(12)
    let weights = WeightMatrix.panels(PanelMatrix(quantizing: numbers.matrix(64, 64)))
    let dy = numbers.matrix(3, 64)
    let (fresh, filled) = (Matrix(rows: 3, columns: 64), Matrix(rows: 3, columns: 64))
    filled.fill(2)
    weights.addTurnedProduct(dy, into: fresh, on: oneThread)
    weights.addTurnedProduct(dy, into: filled, on: oneThread)
    #expect(filled.values == fresh.values.map { $0 + 2 })
  }

  @Test func `weights of whole numbers come through without any rounding`() {
    // 127 in each column and panel makes the new scale the old one: every code stays.
    var numbers = Numbers(13)
    let whole = Matrix(
      rows: 96, columns: 64,
      values: (0..<96 * 64).map { $0 / 64 % 32 == 0 ? 127 : (numbers.next() * 127).rounded() })
    for row in stride(from: 0, to: 96, by: 1) { whole[row, 0] = 127; whole[row, 32] = -127 }
    let dy = Matrix(
      rows: 4, columns: 96,
      values: (0..<4 * 96).map { $0 % 32 == 0 ? 127 : (numbers.next() * 127).rounded() })
    let dx = Matrix(rows: 4, columns: 64)
    WeightMatrix.panels(PanelMatrix(quantizing: whole))
      .addTurnedProduct(dy, into: dx, on: oneThread)
    #expect(difference(dx, Exact(dy) * Exact(whole)) < 1e-6)
  }

  @Test func `a row's result depends on that row alone, and not on the threads`() {
    var numbers = Numbers(14)
    let weights = WeightMatrix.panels(PanelMatrix(quantizing: numbers.matrix(320, 288)))
    let dy = numbers.matrix(150, 320)
    let (together, again) = (Matrix(rows: 150, columns: 288), Matrix(rows: 150, columns: 288))
    weights.addTurnedProduct(dy, into: together, on: oneThread)
    weights.addTurnedProduct(dy, into: again, on: twoThreads)
    #expect(bits(together) == bits(again))
    let (one, alone) = (Matrix(rows: 1, columns: 320), Matrix(rows: 1, columns: 288))
    one.copyRows(120..<121, of: dy, to: 0)
    weights.addTurnedProduct(one, into: alone, on: oneThread)
    #expect(alone.row(0) == together.row(120))
  }

  @Test func `weights that are floats are not rounded`() {
    var numbers = Numbers(15)
    let floats = numbers.matrix(40, 24)
    let dy = numbers.matrix(3, 40)
    let dx = Matrix(rows: 3, columns: 24)
    WeightMatrix.dense(DenseMatrix(floats)).addTurnedProduct(dy, into: dx, on: oneThread)
    #expect(difference(dx, Exact(dy) * Exact(floats)) < 1e-5)
  }

  /// Root of the sum of squared errors, as a share of what was expected.
  private func relativeError(_ matrix: Matrix, _ expected: Exact) -> Double {
    let errors = zip(matrix.values, expected.values).map { Double($0) - $1 }
    func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    return norm(errors) / norm(expected.values)
  }
}
