import Tensor

/// Repeatable numbers between −1 and 1.
struct Numbers {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> Float {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return Float(Int64(bitPattern: z ^ (z >> 31)) >> 40) / Float(1 << 23)
  }

  mutating func matrix(_ rows: Int, _ columns: Int) -> Matrix {
    Matrix(rows: rows, columns: columns, values: (0..<rows * columns).map { _ in next() })
  }
}

/// A matrix in double precision, for plain statements of what is meant.
struct Exact {
  let rows: Int
  let columns: Int
  var values: [Double]

  init(_ rows: Int, _ columns: Int, _ value: (Int, Int) -> Double = { _, _ in 0 }) {
    self.rows = rows
    self.columns = columns
    values = (0..<rows * columns).map { columns == 0 ? 0 : value($0 / columns, $0 % columns) }
  }

  init(_ matrix: Matrix) {
    let copy = matrix.values
    self.init(matrix.rows, matrix.columns) { Double(copy[$0 * matrix.columns + $1]) }
  }

  subscript(row: Int, column: Int) -> Double {
    get { values[row * columns + column] }
    set { values[row * columns + column] = newValue }
  }

  func row(_ row: Int) -> ArraySlice<Double> { values[row * columns..<(row + 1) * columns] }

  var transposed: Exact { Exact(columns, rows) { self[$1, $0] } }

  static func * (a: Exact, b: Exact) -> Exact {
    Exact(a.rows, b.columns) { m, n in
      (0..<a.columns).reduce(0) { $0 + a[m, $1] * b[$1, n] }
    }
  }

  static func + (a: Exact, b: Exact) -> Exact { Exact(a.rows, a.columns) { a[$0, $1] + b[$0, $1] } }

  static func * (a: Double, b: Exact) -> Exact { Exact(b.rows, b.columns) { a * b[$0, $1] } }
}

/// The largest difference, as a share of the largest expected magnitude.
func difference(_ matrix: Matrix, _ expected: Exact) -> Double {
  guard matrix.rows == expected.rows, matrix.columns == expected.columns else { return .infinity }
  let largest = expected.values.reduce(1e-30) { max($0, abs($1)) }
  let errors = zip(matrix.values, expected.values).map { abs(Double($0) - $1) }
  return (errors.max() ?? 0) / largest
}

func bits(_ matrix: Matrix) -> [UInt32] { matrix.values.map(\.bitPattern) }

let oneThread = Workers(threads: 1)
let twoThreads = Workers(threads: 2)
