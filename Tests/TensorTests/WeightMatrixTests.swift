import Bytes
import Foundation
import Tensor
import TestSupport
import Testing

struct WeightMatrixTests {
  @Test func `a slice has the rows of the whole, in products both ways`() {
    var numbers = Numbers(61)
    let floats = numbers.matrix(100, 40)
    let (x, dy) = (numbers.matrix(3, 40), numbers.matrix(3, 36))
    for weights in [
      WeightMatrix.panels(PanelMatrix(quantizing: floats)), .dense(DenseMatrix(floats)),
    ] {
      let whole = Matrix(rows: 3, columns: 100)
      weights.product(x, into: whole, on: oneThread)
      let part = weights.slice(rows: 32..<100).slice(rows: 32..<68)
      let y = Matrix(rows: 3, columns: 36)
      part.product(x, into: y, on: oneThread)
      for row in 0..<3 { #expect(y.row(row) == Array(whole.row(row)[64...])) }
      let padded = Matrix(rows: 3, columns: 100)
      for row in 0..<3 { for column in 0..<36 { padded[row, 64 + column] = dy[row, column] } }
      let (found, expected) = (Matrix(rows: 3, columns: 40), Matrix(rows: 3, columns: 40))
      part.addTransposedProduct(dy, into: found, on: oneThread)
      weights.addTransposedProduct(padded, into: expected, on: oneThread)
      #expect(difference(found, Exact(expected)) < 1e-5)
    }
  }

  @Test func `training's products with 16 bits of x are those with exact x`() {
    var numbers = Numbers(62)
    let panels = PanelMatrix(quantizing: numbers.matrix(70, 100))
    let x = numbers.matrix(5, 100)
    let (coarse, fine) = (Matrix(rows: 5, columns: 70), Matrix(rows: 5, columns: 70))
    WeightMatrix.trainingProducts(
      x, [(.panels(panels), coarse, false), (.panels(panels), fine, true)], on: twoThreads)
    let usual = Matrix(rows: 5, columns: 70)
    WeightMatrix.panels(panels).product(x, into: usual, on: oneThread)
    #expect(bits(coarse) == bits(usual))
    let (columns, exact) = (panels.floats(rows: 0..<70), Exact(x))
    let expected = Exact(5, 70) { row, n in
      (0..<100).reduce(0) { $0 + exact[row, $1] * Double(columns[n, $1]) }
    }
    #expect(difference(coarse, expected) > 1e-3)
    #expect(difference(fine, expected) < 1e-4)
  }

  struct Shape: CustomStringConvertible, Sendable {
    let rows: Int
    let columns: Int
    var description: String { "\(rows) × \(columns)" }
  }

  static let shapes = [
    Shape(rows: 1, columns: 1), Shape(rows: 7, columns: 33), Shape(rows: 32, columns: 32),
    Shape(rows: 100, columns: 72), Shape(rows: 333, columns: 192), Shape(rows: 1100, columns: 64),
    Shape(rows: 40, columns: 1100),
  ]
  static let rowCounts = [0, 1, 2, 6, 7, 32, 33, 100]

  static func weights(_ shape: Shape) -> [(WeightMatrix, Exact)] {
    var numbers = Numbers(11)
    let floats = numbers.matrix(shape.rows, shape.columns)
    let panels = PanelMatrix(quantizing: floats)
    return [
      (.panels(panels), Exact(panels.floats(rows: 0..<shape.rows))),
      (.dense(DenseMatrix(floats)), Exact(floats)),
    ]
  }

  /// What the documentation says of activations: per block of 32, codes of a 127th of the largest.
  static func coded(_ x: Matrix) -> Exact {
    var result = Exact(x.rows, x.columns)
    for row in 0..<x.rows {
      let values = x.row(row)
      for start in stride(from: 0, to: x.columns, by: 32) {
        let block = values[start..<min(start + 32, x.columns)]
        let top = block.reduce(0) { max($0, abs($1)) }
        for column in block.indices where top > 0 {
          let code = (values[column] * (127 / top)).rounded(.toNearestOrEven)
          result[row, column] = Double(code) * Double(top / 127)
        }
      }
    }
    return result
  }

  @Test(arguments: shapes)
  func `an inference product is the product of codes`(shape: Shape) {
    var numbers = Numbers(12)
    let x = numbers.matrix(33, shape.columns)
    for (weights, exact) in Self.weights(shape) {
      let y = Matrix(rows: 33, columns: shape.rows)
      y.fill(.nan)
      weights.product(x, into: y, on: twoThreads)
      let inputs = if case .panels = weights { Self.coded(x) } else { Exact(x) }
      #expect(difference(y, inputs * exact.transposed) < 2e-6)
    }
  }

  @Test(arguments: shapes)
  func `a row's product does not depend on other rows nor on threads`(shape: Shape) {
    var numbers = Numbers(13)
    let x = numbers.matrix(100, shape.columns)
    for (weights, _) in Self.weights(shape) {
      let all = Matrix(rows: 100, columns: shape.rows)
      weights.product(x, into: all, on: oneThread)
      for rows in Self.rowCounts {
        let first = 100 - rows
        let part = Matrix(rows: rows, columns: shape.columns)
        part.copyRows(first..<100, of: x, to: 0)
        let y = Matrix(rows: rows, columns: shape.rows)
        for workers in [oneThread, twoThreads] {
          weights.product(part, into: y, on: workers)
          #expect(bits(y) == Array(bits(all).suffix(rows * shape.rows)))
        }
      }
    }
  }

  @Test(arguments: shapes)
  func `a float product is the product of floats`(shape: Shape) {
    var numbers = Numbers(14)
    for rows in [0, 1, 7, 33] {
      let x = numbers.matrix(rows, shape.columns)
      for (weights, exact) in Self.weights(shape) {
        let (y, z) = (
          Matrix(rows: rows, columns: shape.rows), Matrix(rows: rows, columns: shape.rows)
        )
        y.fill(.nan)
        weights.floatProduct(x, into: y, on: oneThread)
        weights.floatProduct(x, into: z, on: twoThreads)
        #expect(difference(y, Exact(x) * exact.transposed) < 5e-6)
        #expect(bits(y) == bits(z))
      }
    }
  }

  @Test(arguments: shapes)
  func `a transposed product is added to what is there`(shape: Shape) {
    var numbers = Numbers(15)
    for rows in [0, 1, 7, 33] {
      let dy = numbers.matrix(rows, shape.rows)
      let before = numbers.matrix(rows, shape.columns)
      for (weights, exact) in Self.weights(shape) {
        let (dx, again) = (before.copy(), before.copy())
        weights.addTransposedProduct(dy, into: dx, on: oneThread)
        weights.addTransposedProduct(dy, into: again, on: twoThreads)
        #expect(difference(dx, Exact(before) + Exact(dy) * exact) < 5e-6)
        #expect(bits(dx) == bits(again))
      }
    }
  }

  @Test(arguments: shapes)
  func `gathering takes rows as they are`(shape: Shape) {
    for (weights, exact) in Self.weights(shape) {
      let ids = [0, shape.rows - 1, shape.rows / 2, 0].map(Int32.init)
      let out = Matrix(rows: ids.count, columns: shape.columns)
      weights.gather(ids, into: out, on: twoThreads)
      #expect(difference(out, Exact(4, shape.columns) { exact[Int(ids[$0]), $1] }) == 0)
    }
  }

  @Test
  func `a broken activation shows in its own row only`() {
    var numbers = Numbers(16)
    for (weights, _) in Self.weights(Shape(rows: 40, columns: 64)) {
      for broken in [Float.nan, .infinity, -.infinity] {
        let x = numbers.matrix(3, 64)
        x[1, 40] = broken
        let y = Matrix(rows: 3, columns: 40)
        weights.product(x, into: y, on: oneThread)
        #expect(y.row(1).allSatisfy { !$0.isFinite })
        #expect((y.row(0) + y.row(2)).allSatisfy { $0.isFinite })
      }
    }
  }

  @Test
  func `mapped floats are weights as owned ones are`() throws {
    var numbers = Numbers(17)
    let floats = numbers.matrix(9, 20)
    let path = try TemporaryFolder().file("floats")
    try FileManager.default.createDirectory(
      at: URL(filePath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
    try floats.values.withUnsafeBytes { Data($0) }.write(to: URL(filePath: path))
    let file = try MappedFile(path: path)
    let mapped = DenseMatrix(rows: 9, columns: 20, mapped: MappedBytes(file, range: 0..<720))
    #expect(mapped.floats(rows: 2..<5).values == (2..<5).flatMap { floats.row($0) })
    #expect(mapped.owned == nil)
    #expect(DenseMatrix(floats).owned === floats)
  }
}
