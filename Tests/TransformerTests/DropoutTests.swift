import Tensor
import TestSupport
import Testing
import Transformer

struct DropoutTests {
  let fixture: Fixture
  let adapter: Adapter

  init() throws {
    fixture = try Fixture("qwen3")
    adapter = try AdapterFile.read(folder: fixture.adapterFolder, shape: fixture.model.shape)
  }

  @Test func `the gradient is the slope of what the pass with the same dropout says`() {
    let gradients = Gradients(for: adapter.parameters)
    let pass = pass(rate: 0.3)
    pass.backward(slopes: pass.batch.scored.map { _ in 1 }, into: gradients)
    for (index, parameter) in adapter.parameters.enumerated() {
      // Along a random direction, which every number has a part in.
      var random = CounterRandom(seed: 5, stream: [UInt64(index)])
      let direction = (0..<parameter.matrix.count).map { _ in random.normal() }
      let slope = (sum(index, direction, 2e-3) - sum(index, direction, -2e-3)) / 4e-3
      let values = gradients[parameter.name]?.values ?? []
      let found = zip(values, direction).reduce(0) { $0 + Double($1.0) * Double($1.1) }
      let size = Rowwise.sumOfSquares(gradients[parameter.name] ?? parameter.matrix).squareRoot()
      #expect(abs(found - slope) < 0.02 * size + 0.01, "\(parameter.name): \(found) for \(slope)")
    }
  }

  @Test func `without dropout the numbers are others, with the same seed the same`() {
    let usual = pass(rate: nil).logProbabilities
    #expect(pass(rate: 0.3).logProbabilities != usual)
    #expect(pass(rate: 0.3).logProbabilities == pass(rate: 0.3).logProbabilities)
    #expect(pass(rate: 0.3, step: 1).logProbabilities != pass(rate: 0.3).logProbabilities)
    #expect(pass(rate: 0.3, examples: [1]).logProbabilities != pass(rate: 0.3).logProbabilities)
  }

  @Test func `an example loses the same inputs whatever stands beside it`() {
    let (a, b) = (batch([fixture.expected.simpo]), batch([fixture.expected.simpo, other]))
    let rows = a.rows
    var numbers = CounterRandom(seed: 6, stream: "rows")
    let x = Matrix(
      rows: b.rows, columns: 32, values: (0..<b.rows * 32).map { _ in numbers.normal() })
    let alone = Matrix(rows: rows, columns: 32)
    alone.copyRows(0..<rows, of: x, to: 0)
    let id = LinearID(layer: 1, name: .gate)
    func left(_ x: Matrix, _ batch: TokenBatch, _ numbers: [Int]) -> [Float] {
      let dropout = Dropout(rate: 0.2, seed: 1, step: 3, examples: numbers, batch: batch)
      return Array(dropout.left(of: x, id).values.prefix(rows * 32))
    }
    #expect(left(alone, a, [4]) == left(x, b, [4, 0]))
    #expect(left(alone, a, [4]) != left(alone, a, [5]))
  }

  private var other: Fixture.Expected.Preference { fixture.expected.simpo }

  private func batch(_ pairs: [Fixture.Expected.Preference]) -> TokenBatch {
    var batch = TokenBatch()
    for pair in pairs { batch.add(prompt: pair.prompt, answers: [pair.chosen, pair.rejected]) }
    return batch
  }

  private func pass(rate: Float?, step: Int = 0, examples: [Int] = [0]) -> BatchPass {
    let batch = batch([fixture.expected.simpo])
    let dropping = rate.map {
      adapter.dropping(Dropout(rate: $0, seed: 9, step: step, examples: examples, batch: batch))
    }
    return BatchPass(batch, model: fixture.model, adapter: dropping ?? adapter)
  }

  /// Σ log-probabilities after a step of `length` along a direction.
  private func sum(_ index: Int, _ direction: [Float], _ length: Float) -> Double {
    let matrix = adapter.parameters[index].matrix
    let step = Matrix(rows: matrix.rows, columns: matrix.columns, values: direction)
    let before = matrix.copy()
    Rowwise.add(step, to: matrix, scale: length, on: fixture.model.workers)
    defer { matrix.copyRows(0..<matrix.rows, of: before, to: 0) }
    return pass(rate: 0.3).logProbabilities.reduce(0) { $0 + Double($1) }
  }
}
