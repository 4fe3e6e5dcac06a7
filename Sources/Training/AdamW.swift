public import Tensor
public import Transformer

/// AdamW over named parameters, as torch.optim.AdamW computes it.
public struct AdamW: Sendable {
  public let parameters: [(name: String, matrix: Matrix)]
  /// The running means of gradients and of their squares, by parameter.
  public let means: [Matrix]
  public let squares: [Matrix]
  /// Steps taken.
  public var step = 0

  public init(_ parameters: [(name: String, matrix: Matrix)]) {
    self.parameters = parameters
    means = parameters.map { Matrix(rows: $0.matrix.rows, columns: $0.matrix.columns) }
    squares = parameters.map { Matrix(rows: $0.matrix.rows, columns: $0.matrix.columns) }
  }

  /// Moves every parameter along `gradients`, which are scaled by `gradientScale` first.
  public mutating func update(
    _ gradients: Gradients, learningRate: Float, gradientScale: Float,
    settings: TrainingSettings, on workers: Workers
  ) {
    step += 1
    for (index, parameter) in parameters.enumerated() {
      guard let gradient = gradients[parameter.name] else { continue }
      // Norms and biases are not pulled towards zero.
      let decays = parameter.matrix.rows > 1
      Rowwise.adamW(
        parameters: parameter.matrix, gradient: gradient, m: means[index], v: squares[index],
        learningRate: learningRate, beta1: settings.adamBeta1, beta2: settings.adamBeta2,
        epsilon: settings.adamEpsilon, weightDecay: decays ? settings.weightDecay : 0,
        step: step, gradientScale: gradientScale, on: workers)
    }
  }
}
