public import Tensor

/// Which inputs of an adapter's matrices are left out in one pass of a training (LoRA's dropout).
///
/// That is a function of seed, step, example, matrix and the row's place in its example: it does not
/// depend on what else is in the pass, and a pass that is computed again leaves out the same.
public struct Dropout: Sendable {
  public let rate: Float
  private let seed: UInt64
  private let step: UInt64
  private let rows: [Row]

  private struct Row {
    let example: UInt64
    let place: UInt64
  }

  /// - Parameter examples: the numbers within their step of the batch's prompts, in order.
  public init(rate: Float, seed: UInt64, step: Int, examples: [Int], batch: TokenBatch) {
    precondition(examples.count == batch.prompts, "one number for each prompt")
    precondition(batch.stem == nil, "rows of a stem are no example's")
    self.rate = rate
    self.seed = seed
    self.step = UInt64(step)
    var firstRows = [Int?](repeating: nil, count: examples.count)
    rows = batch.segments.flatMap { segment in
      let first = firstRows[segment.tree] ?? segment.rows.lowerBound
      firstRows[segment.tree] = first
      return segment.rows.map {
        Row(example: UInt64(examples[segment.tree]), place: UInt64($0 - first))
      }
    }
  }

  /// What is left of the rows `x` [T, in] that come to the matrix `id`.
  public func left(of x: Matrix, _ id: LinearID, on workers: Workers = .shared) -> Matrix {
    let left = Matrix(unsetRows: x.rows, columns: x.columns)
    apply(x, into: left, id, on: workers)
    return left
  }

  /// The same, and on the way back. `y` may be `x`.
  func apply(_ x: Matrix, into y: Matrix, _ id: LinearID, on workers: Workers) {
    var stream = CounterRandom(seed: seed, stream: "dropout/\(id.path)")
    let key = stream.next()
    let keys = rows.map { row in
      var random = CounterRandom(seed: key, stream: [step, row.example], counter: row.place)
      return random.next()
    }
    Rowwise.dropOut(x, into: y, rate: rate, keys: keys, on: workers)
  }
}
