public import Bytes
public import Tensor

/// A whole batch through a model and back: log-probabilities of the scored tokens, then gradients.
///
/// Between the two the activations of a layer are kept, or only its input, from which the rest is
/// computed again on the way back. Which of the two changes no bit of the result.
public final class BatchPass {
  public let batch: TokenBatch
  /// The natural-log probability of every scored token, in the batch's order.
  public private(set) var logProbabilities: [Float] = []

  private let model: LanguageModel
  private let adapter: Adapter?
  private let arithmetic: Arithmetic
  private var inputs: [Matrix] = []
  /// Of the last layers.
  private var kept: [SlimActivations] = []
  /// Before and after the last norm, [T, D].
  private var last: Matrix
  private var hidden: Matrix

  /// Rows of logits that are in memory at once; V floats each.
  static let chunk = 128

  /// Runs the batch forward. `keeping` says what is kept for ``backward(slopes:into:)``.
  public init(
    _ batch: TokenBatch, model: LanguageModel, adapter: Adapter? = nil,
    arithmetic: Arithmetic = .float, keeping: Keeping = .layerInputs
  ) {
    self.batch = batch
    self.model = model
    self.adapter = adapter
    self.arithmetic = arithmetic
    last = Matrix(rows: batch.rows, columns: model.shape.width)
    model.weights.embedding.gather(batch.ids, into: last, on: model.workers)
    let first = keeping.firstLayer(rows: batch.rows, shape: model.shape)
    for (index, layer) in model.weights.layers.enumerated() {
      let (y, activations) = model.pass(layer, adapter).forward(
        last, batch: batch, arithmetic: arithmetic)
      if index >= first {
        kept.append(SlimActivations(activations))
      } else if keeping != .nothing {
        inputs.append(last)
      }
      last = y
    }
    hidden = model.finalNorm(last)
    logProbabilities = scoreTokens()
  }

  /// What a pass keeps for the way back.
  public enum Keeping: Equatable, Sendable {
    case nothing, layerInputs, everything
    /// The activations of as many layers as this memory holds, and the inputs of the others.
    case upTo(ByteCount)

    /// The layer from which on activations are kept.
    fileprivate func firstLayer(rows: Int, shape: ModelShape) -> Int {
      switch self {
      case .nothing, .layerInputs: return shape.layers
      case .everything: return 0
      case .upTo(let memory):
        let each = max(1, rows * SlimActivations.bytesPerRow(shape))
        return max(0, shape.layers - memory.bytes / each)
      }
    }
  }

  /// The rows after the last norm, [T, D].
  public var hiddenRows: Matrix { hidden }

  private func scoreTokens() -> [Float] {
    chunks.flatMap { chunk in
      let logits = logits(of: chunk)
      return Rowwise.logProbabilities(logits, targets: chunk.map(\.target), on: model.workers)
    }
  }

  /// Adds to `gradients` the gradient of Σ slopes[i] · logProbabilities[i].
  ///
  /// - Precondition: the pass kept something; one slope for each scored token.
  public func backward(slopes: [Float], into gradients: Gradients) {
    precondition(slopes.count == batch.scored.count, "one slope a scored token")
    precondition(!inputs.isEmpty || !kept.isEmpty, "a pass that kept nothing has no way back")
    let dHidden = headBackward(slopes: slopes, gradients: gradients)
    var dx = Matrix(rows: batch.rows, columns: model.shape.width)
    Rowwise.rmsNormBackward(
      last, weight: model.weights.outputNorm, epsilon: model.shape.normEpsilon, dy: dHidden,
      addingTo: dx, weightGradient: gradients["output_norm.weight"], on: model.workers)
    for index in model.weights.layers.indices.reversed() {
      let pass = model.pass(model.weights.layers[index], adapter)
      let activations = activations(of: index, pass)
      dx = pass.backward(
        dx, from: activations, batch: batch, arithmetic: arithmetic, gradients: gradients)
    }
    if let gradient = gradients["token_embd.weight"] {
      Rowwise.scatterAdd(dx, ids: batch.ids, into: gradient, on: model.workers)
    }
  }

  private func activations(of index: Int, _ pass: LayerPass) -> LayerActivations {
    if let last = kept.popLast() { return last.complete(pass) }
    return pass.forward(inputs.removeLast(), batch: batch, arithmetic: arithmetic).kept
  }

  /// Through the output matrix, chunk by chunk: d(Σ slope·logp)/dlogits = slope·(onehot − softmax).
  private func headBackward(slopes: [Float], gradients: Gradients) -> Matrix {
    let dHidden = Matrix(rows: batch.rows, columns: model.shape.width)
    let head = model.weights.head
    let headGradient =
      gradients["output.weight"]
      ?? (model.weights.output == nil ? gradients["token_embd.weight"] : nil)
    var start = 0
    for chunk in chunks {
      let logits = logits(of: chunk)
      Rowwise.logProbabilityGradient(
        logits, targets: chunk.map(\.target),
        slopes: Array(slopes[start..<start + chunk.count]), on: model.workers)
      let rows = Matrix(rows: chunk.count, columns: model.shape.width)
      head.addBackwardProduct(logits, into: rows, arithmetic: arithmetic, on: model.workers)
      Rowwise.scatterAdd(
        rows, ids: chunk.map { Int32($0.row) }, into: dHidden, on: model.workers)
      if let headGradient {
        FloatProduct.addATB(logits, hiddenRows(of: chunk), into: headGradient, on: model.workers)
      }
      start += chunk.count
    }
    return dHidden
  }

  private var chunks: [ArraySlice<ScoredToken>] {
    stride(from: 0, to: batch.scored.count, by: Self.chunk).map {
      batch.scored[$0..<min($0 + Self.chunk, batch.scored.count)]
    }
  }

  private func hiddenRows(of chunk: ArraySlice<ScoredToken>) -> Matrix {
    let rows = Matrix(rows: chunk.count, columns: model.shape.width)
    for (index, token) in chunk.enumerated() {
      rows.copyRows(token.row..<token.row + 1, of: hidden, to: index)
    }
    return rows
  }

  private func logits(of chunk: ArraySlice<ScoredToken>) -> Matrix {
    let logits = Matrix(rows: chunk.count, columns: model.shape.vocabulary)
    let rows = hiddenRows(of: chunk)
    model.weights.head.product(rows, into: logits, arithmetic: arithmetic, on: model.workers)
    return logits
  }
}
