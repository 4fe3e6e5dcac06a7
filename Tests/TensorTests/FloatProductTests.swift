import Tensor
import Testing

struct FloatProductTests {
  struct Shape: CustomStringConvertible, Sendable {
    let m: Int
    let n: Int
    let k: Int
    var description: String { "\(m) × \(n) over \(k)" }
  }

  static let shapes = [
    Shape(m: 0, n: 5, k: 3), Shape(m: 1, n: 1, k: 1), Shape(m: 4, n: 3, k: 0),
    Shape(m: 7, n: 33, k: 16), Shape(m: 33, n: 7, k: 100), Shape(m: 300, n: 16, k: 40),
    Shape(m: 16, n: 1100, k: 33),
  ]

  @Test(arguments: shapes)
  func `products scale, keep a share of what is there, and agree for any threads`(shape: Shape) {
    var numbers = Numbers(21)
    let (m, n, k) = (shape.m, shape.n, shape.k)
    let (a, at) = (numbers.matrix(m, k), numbers.matrix(k, m))
    let (b, bt) = (numbers.matrix(k, n), numbers.matrix(n, k))
    let before = numbers.matrix(m, n)
    let kept = 0.25 * Exact(before)
    for workers in [oneThread, twoThreads] {
      let c = before.copy()
      FloatProduct.addAB(a, b, into: c, scale: 0.5, beta: 0.25, on: workers)
      #expect(difference(c, kept + 0.5 * (Exact(a) * Exact(b))) < 2e-6)
      let d = before.copy()
      FloatProduct.addABT(a, bt, into: d, scale: 0.5, beta: 0.25, on: workers)
      #expect(difference(d, kept + 0.5 * (Exact(a) * Exact(bt).transposed)) < 2e-6)
      let e = before.copy()
      FloatProduct.addATB(at, b, into: e, scale: 0.5, beta: 0.25, on: workers)
      #expect(difference(e, kept + 0.5 * (Exact(at).transposed * Exact(b))) < 2e-6)
    }
  }

  @Test
  func `threads do not change a bit`() {
    var numbers = Numbers(22)
    let (a, b) = (numbers.matrix(70, 333), numbers.matrix(500, 333))
    let (c, d) = (Matrix(rows: 70, columns: 500), Matrix(rows: 70, columns: 500))
    FloatProduct.addABT(a, b, into: c, on: oneThread)
    FloatProduct.addABT(a, b, into: d, on: twoThreads)
    #expect(bits(c) == bits(d))
  }

  @Test
  func `nothing is kept of a result that is overwritten`() {
    var numbers = Numbers(23)
    let c = Matrix(rows: 3, columns: 4)
    c.fill(.nan)
    FloatProduct.addAB(numbers.matrix(3, 5), numbers.matrix(5, 4), into: c, beta: 0, on: oneThread)
    #expect(c.values.allSatisfy { $0.isFinite })
  }

  @Test(arguments: [(1, 50), (5, 16), (16, 200), (40, 7), (300, 16)])
  func `a row-wise product depends on its own row alone`(inner: Int, columns: Int) {
    var numbers = Numbers(24)
    let (x, b, before) = (
      numbers.matrix(33, inner), numbers.matrix(inner, columns), numbers.matrix(33, columns)
    )
    let y = before.copy()
    FloatProduct.addRowwiseAB(x, b, into: y, scale: 2, on: twoThreads)
    #expect(difference(y, Exact(before) + 2 * (Exact(x) * Exact(b))) < 1e-6)
    for row in [0, 1, 32] {
      let (alone, one) = (x.picking([row]), before.picking([row]))
      FloatProduct.addRowwiseAB(alone, b, into: one, scale: 2, on: oneThread)
      #expect(one.row(0) == y.row(row))
    }
  }
}
