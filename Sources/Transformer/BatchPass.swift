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
  /// Where only what lies before it is trained: d log p / d hidden of every scored token, [S, D].
  private var headSlopes: [Matrix] = []

  /// Rows of logits that are in memory at once where the output matrix is trained; V floats each.
  static let chunk = 128

  /// Runs the batch forward. `keeping` says what is kept for ``backward(slopes:into:)``.
  public init(
    _ batch: TokenBatch, model: LanguageModel, adapter: Adapter? = nil,
    arithmetic: Arithmetic = .float, keeping: Keeping = .layerInputs
  ) {
    self.batch = batch
    self.model = model
    let adapter = arithmetic == .rowwise ? adapter?.readyToRead() : adapter
    self.adapter = adapter
    self.arithmetic = arithmetic
    last = Matrix(rows: batch.rows, columns: model.shape.width)
    model.weights.embedding.gather(batch.ids, into: last, on: model.workers)
    let first = keeping.firstLayer(
      rows: batch.rows, shape: model.shape, rounds: arithmetic == .int8)
    for (index, layer) in model.weights.layers.enumerated() {
      let (y, activations) = model.pass(layer, adapter).forward(
        last, batch: batch, arithmetic: arithmetic)
      if index >= first {
        kept.append(Self.slim(activations, arithmetic, model))
      } else if keeping != .nothing {
        inputs.append(last)
      }
      last = y
    }
    hidden = model.finalNorm(last)
    scoreTokens(withSlopes: keeping != .nothing && !trainsHead)
  }

  /// What a pass keeps for the way back.
  public enum Keeping: Equatable, Sendable {
    case nothing, layerInputs, everything
    /// The activations of as many layers as this memory holds, and the inputs of the others.
    case upTo(ByteCount)

    /// The layer from which on activations are kept.
    fileprivate func firstLayer(rows: Int, shape: ModelShape, rounds: Bool) -> Int {
      switch self {
      case .nothing, .layerInputs: return shape.layers
      case .everything: return 0
      case .upTo(let memory):
        let each = max(1, rows * SlimActivations.bytesPerRow(shape, rounds: rounds))
        return max(0, shape.layers - memory.bytes / each)
      }
    }
  }

  /// The rows after the last norm, [T, D].
  public var hiddenRows: Matrix { hidden }

  private func scoreTokens(withSlopes: Bool) {
    let head = OutputHead(
      weights: model.weights.head, arithmetic: arithmetic, workers: model.workers)
    for chunk in chunks(of: OutputHead.rowsTogether) {
      let found = head.score(
        hiddenRows(of: chunk), targets: chunk.map(\.target), withSlopes: withSlopes)
      logProbabilities += found.logProbabilities
      if let slopes = found.slopes { headSlopes.append(slopes) }
    }
  }

  /// Whether the output matrix itself is learnt.
  private var trainsHead: Bool {
    if case .dense(let dense) = model.weights.head { dense.owned != nil } else { false }
  }

  /// Adds to `gradients` the gradient of Σ slopes[i] · logProbabilities[i].
  ///
  /// - Precondition: the pass kept something; one slope for each scored token.
  public func backward(slopes: [Float], into gradients: Gradients) {
    precondition(slopes.count == batch.scored.count, "one slope a scored token")
    let dHidden = Matrix(rows: batch.rows, columns: model.shape.width)
    if trainsHead {
      headBackward(slopes: slopes, into: dHidden, gradients: gradients)
    } else {
      scale(headSlopes, by: slopes, into: dHidden)
    }
    backward(hiddenSlopes: dHidden, into: gradients)
  }

  /// Adds to `gradients` the gradient of Σ dHidden · ``hiddenRows``, with dHidden [T, D].
  ///
  /// - Precondition: the pass kept something.
  public func backward(hiddenSlopes dHidden: Matrix, into gradients: Gradients) {
    precondition(!inputs.isEmpty || !kept.isEmpty, "a pass that kept nothing has no way back")
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
    let again = pass.forward(inputs.removeLast(), batch: batch, arithmetic: arithmetic).kept
    return arithmetic == .int8 ? Self.slim(again, arithmetic, model).complete(pass) : again
  }

  /// The fast path rounds what it keeps, and what it computes again in the same way.
  private static func slim(
    _ activations: LayerActivations, _ arithmetic: Arithmetic, _ model: LanguageModel
  ) -> SlimActivations {
    SlimActivations(activations, rounds: arithmetic == .int8, on: model.workers)
  }

  /// dHidden[row of token] += slope of token · d log p / d hidden
  private func scale(_ parts: [Matrix], by slopes: [Float], into dHidden: Matrix) {
    for (chunk, part) in zip(chunks(of: OutputHead.rowsTogether), parts) {
      Rowwise.scatterAdd(
        part, ids: chunk.map { Int32($0.row) }, scales: Array(slopes[chunk.indices]),
        into: dHidden, on: model.workers)
    }
  }

  /// Through the output matrix, chunk by chunk: d(Σ slope·logp)/dlogits = slope·(onehot − softmax).
  private func headBackward(slopes: [Float], into dHidden: Matrix, gradients: Gradients) {
    let head = model.weights.head
    let headGradient =
      gradients["output.weight"]
      ?? (model.weights.output == nil ? gradients["token_embd.weight"] : nil)
    for chunk in chunks(of: Self.chunk) {
      let logits = logits(of: chunk)
      Rowwise.logProbabilityGradient(
        logits, targets: chunk.map(\.target),
        slopes: Array(slopes[chunk.indices]), on: model.workers)
      let rows = Matrix(rows: chunk.count, columns: model.shape.width)
      head.addBackwardProduct(logits, into: rows, arithmetic: arithmetic, on: model.workers)
      Rowwise.scatterAdd(
        rows, ids: chunk.map { Int32($0.row) }, into: dHidden, on: model.workers)
      if let headGradient {
        FloatProduct.addATB(logits, hiddenRows(of: chunk), into: headGradient, on: model.workers)
      }
    }
  }

  private func chunks(of count: Int) -> [ArraySlice<ScoredToken>] {
    stride(from: 0, to: batch.scored.count, by: count).map {
      batch.scored[$0..<min($0 + count, batch.scored.count)]
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
