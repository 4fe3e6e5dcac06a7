import ModelFile
import Tensor
import Testing
import Transformer

/// The backward pass of every layer against differences of a model in double precision.
struct FiniteDifferenceTests {
  static let shapes = [
    ModelShape(
      architecture: .llama, layers: 2, width: 8, feedForward: 12, heads: 4, keyValueHeads: 2,
      headSize: 4, vocabulary: 11, context: 32, normEpsilon: 1e-5, ropeBase: 100),
    ModelShape(
      architecture: .llama, layers: 1, width: 6, feedForward: 5, heads: 2, keyValueHeads: 2,
      headSize: 2, vocabulary: 7, context: 32, normEpsilon: 1e-5, ropeBase: 10),
    // Biases of queries, keys and values; norms of heads; a window.
    ModelShape(
      architecture: .qwen2, layers: 1, width: 8, feedForward: 6, heads: 2, keyValueHeads: 1,
      headSize: 4, vocabulary: 9, context: 32, normEpsilon: 1e-5, ropeBase: 10),
    ModelShape(
      architecture: .qwen3, layers: 2, width: 6, feedForward: 8, heads: 4, keyValueHeads: 2,
      headSize: 4, vocabulary: 8, context: 32, normEpsilon: 1e-5, ropeBase: 10, slidingWindow: 3),
  ]
  /// A prompt that two answers share.
  private static let prompt = [1, 4, 2]
  private static let answers = [[5, 3, 4], [6, 2, 6, 1]]

  @Test(arguments: shapes, [false, true])
  func `every parameter's gradient is the slope of the log-probability`(
    shape: ModelShape, hasOwnOutput: Bool
  ) {
    let model = makeModel(shape, hasOwnOutput)
    var batch = TokenBatch()
    batch.add(
      prompt: Self.prompt.map { Int32($0) }, answers: Self.answers.map { $0.map { Int32($0) } })
    let pass = BatchPass(batch, model: model, keeping: .layerInputs)
    let gradients = Gradients(for: model.weights.parameters)
    pass.backward(slopes: batch.scored.map { _ in 1 }, into: gradients)

    var double = DoubleModel(model)
    let sum = pass.logProbabilities.reduce(0) { $0 + Double($1) }
    #expect(abs(sum - Self.logProbability(double)) < 1e-4)
    for (name, matrix) in model.weights.parameters {
      var (error, size) = (0.0, 0.0)
      for row in 0..<matrix.rows {
        for column in 0..<matrix.columns {
          let slope = slope(of: &double, name, row, column)
          let found = Double(gradients[name]?[row, column] ?? .nan)
          error += (found - slope) * (found - slope)
          size += slope * slope
        }
      }
      #expect(error.squareRoot() < 1e-4 * size.squareRoot(), "\(name)")
    }
  }

  /// Central differences; the step balances rounding against curvature in double precision.
  private func slope(
    of model: inout DoubleModel, _ name: String, _ row: Int, _ column: Int
  ) -> Double {
    let h = 1e-5
    let value = model.parameters[name]?[row][column] ?? 0
    model.parameters[name]?[row][column] = value + h
    let above = Self.logProbability(model)
    model.parameters[name]?[row][column] = value - h
    let below = Self.logProbability(model)
    model.parameters[name]?[row][column] = value
    return (above - below) / (2 * h)
  }

  private static func logProbability(_ model: DoubleModel) -> Double {
    answers.reduce(0) { $0 + model.logProbability(of: $1, after: prompt) }
  }

  /// Weights large enough that every part of a layer bends the result.
  private func makeModel(_ shape: ModelShape, _ hasOwnOutput: Bool) -> LanguageModel {
    var weights = ModelWeights(initial: shape, hasOwnOutput: hasOwnOutput, seed: 3)
    for layer in weights.layers.indices where shape.architecture == .qwen2 {
      for name in [LinearName.query, .key, .value] {
        weights.layers[layer].linears[name]?.bias = Matrix(
          rows: 1, columns: name.size(in: shape).rows)
      }
    }
    var random = CounterRandom(seed: 4, stream: "weights")
    for (_, matrix) in weights.parameters {
      for row in 0..<matrix.rows {
        for column in 0..<matrix.columns { matrix[row, column] += 0.4 * random.normal() }
      }
    }
    return LanguageModel(
      shape: shape, weights: weights, metadata: Metadata(), fingerprint: "small",
      workers: Workers(threads: 1))
  }
}
