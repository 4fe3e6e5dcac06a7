public import Tensor
public import Transformer

/// AdamW over named parameters, as torch.optim.AdamW computes it.
public struct AdamW: Sendable {
  public let parameters: [(name: String, matrix: Matrix)]
  /// Steps taken.
  public var step = 0
  /// The running means of gradients and of their squares, by parameter.
  private var moments: [Moments]

  /// How the running means are stored.
  public enum Storage: String, CaseIterable, Codable, Sendable {
    case float32 = "adamw"
    /// Codes of 8 bits in blocks: two bytes a parameter instead of eight.
    case int8 = "adamw_8bit"
  }

  private enum Moments: Sendable {
    case floats(mean: Matrix, square: Matrix)
    case blocks(BlockMoments)
  }

  public init(_ parameters: [(name: String, matrix: Matrix)], storage: Storage = .float32) {
    self.parameters = parameters
    moments = parameters.map { parameter in
      let (rows, columns) = (parameter.matrix.rows, parameter.matrix.columns)
      switch storage {
      case .float32:
        return .floats(
          mean: Matrix(rows: rows, columns: columns), square: Matrix(rows: rows, columns: columns))
      case .int8: return .blocks(BlockMoments(count: rows * columns))
      }
    }
  }

  /// Moves every parameter along `gradients`, which are scaled by `gradientScale` first.
  public mutating func update(
    _ gradients: Gradients, learningRate: Float, gradientScale: Float,
    settings: TrainingSettings, on workers: Workers
  ) {
    step += 1
    let step = step
    for (index, parameter) in parameters.enumerated() {
      guard let gradient = gradients[parameter.name] else { continue }
      // Norms and biases are not pulled towards zero.
      let decay = parameter.matrix.rows > 1 ? settings.weightDecay : 0
      withMoments(index) { mean, square in
        Rowwise.adamW(
          parameters: parameter.matrix, gradient: gradient, m: mean, v: square,
          learningRate: learningRate, beta1: settings.adamBeta1, beta2: settings.adamBeta2,
          epsilon: settings.adamEpsilon, weightDecay: decay, step: step,
          gradientScale: gradientScale, on: workers)
      }
    }
  }

  private mutating func withMoments(_ index: Int, _ body: (Matrix, Matrix) -> Void) {
    switch moments[index] {
    case .floats(let mean, let square): body(mean, square)
    case .blocks(var blocks):
      moments[index] = .floats(mean: Self.nothing, square: Self.nothing)
      let shape = parameters[index].matrix
      let mean = Matrix(rows: shape.rows, columns: shape.columns)
      let square = Matrix(rows: shape.rows, columns: shape.columns)
      blocks.read(mean: mean, square: square)
      body(mean, square)
      blocks.store(mean: mean, square: square)
      moments[index] = .blocks(blocks)
    }
  }

  /// Stands for moments that are being changed, so that they are changed in place.
  private static let nothing = Matrix(rows: 0, columns: 0)

  /// Parameters and moments by name, for a checkpoint.
  var state: [(name: String, matrix: Matrix)] {
    parameters
      + zip(parameters, moments).flatMap { parameter, moments in
        switch moments {
        case .floats(let mean, let square):
          [("mean.\(parameter.name)", mean), ("square.\(parameter.name)", square)]
        case .blocks(let blocks): blocks.stored.map { ("\($0.name).\(parameter.name)", $0.matrix) }
        }
      }
  }

  /// Takes up matrices that have the shapes of `state`, in its order.
  mutating func take(_ matrices: [Matrix]) {
    var rest = matrices[...]
    for (parameter, matrix) in zip(parameters, rest) { parameter.matrix.overwrite(with: matrix) }
    rest = rest.dropFirst(parameters.count)
    for index in moments.indices {
      switch moments[index] {
      case .floats(let mean, let square):
        for (old, new) in zip([mean, square], rest) { old.overwrite(with: new) }
        rest = rest.dropFirst(2)
      case .blocks(var blocks):
        blocks.take(Array(rest.prefix(4)))
        moments[index] = .blocks(blocks)
        rest = rest.dropFirst(4)
      }
    }
  }
}

extension Matrix {
  fileprivate func overwrite(with other: Matrix) { copyRows(0..<rows, of: other, to: 0) }
}
