public import ModelFile
public import Tensor

/// A transformer that continues text: weights that are mapped from a packed file, or owned.
public struct LanguageModel: Sendable {
  public let shape: ModelShape
  public var weights: ModelWeights
  /// The keys of the model's file: tokenizer and chat template among them.
  public let metadata: Metadata
  /// Tells models apart: a hash of the packed file.
  public let fingerprint: String
  public let workers: Workers
  let table: RotaryTable

  /// Opens a packed model. Nothing but norms and biases is copied to private memory.
  public init(file: PackedModelFile, workers: Workers = .shared) throws(TransformerError) {
    guard let embedding = file.tensor("token_embd.weight") else {
      throw .missingTensor(path: file.path, name: "token_embd.weight")
    }
    shape = try ModelShape(
      metadata: file.metadata, vocabulary: embedding.rows, path: file.path)
    weights = try ModelWeights(file: file, shape: shape)
    metadata = file.metadata
    fingerprint = file.fingerprint
    self.workers = workers
    table = Self.table(shape, weights)
  }

  /// Makes a model from weights, such as fresh ones that are to be trained.
  public init(
    shape: ModelShape, weights: ModelWeights, metadata: Metadata, fingerprint: String,
    workers: Workers = .shared
  ) {
    self.shape = shape
    self.weights = weights
    self.metadata = metadata
    self.fingerprint = fingerprint
    self.workers = workers
    table = Self.table(shape, weights)
  }

  private static func table(_ shape: ModelShape, _ weights: ModelWeights) -> RotaryTable {
    let factors = weights.ropeFactors?.values ?? Array(repeating: 1, count: shape.headSize / 2)
    return RotaryTable(
      headSize: shape.headSize, positions: min(shape.context, longestSequence),
      base: shape.ropeBase, frequencyFactors: factors.map { $0 * shape.ropeScale })
  }

  /// Tokens beyond which no rotary angles are kept ready.
  public static let longestSequence = 1 << 15

  /// The longest sequence this model may be given, in tokens.
  public var contextLimit: Int { min(shape.context, Self.longestSequence) }

  /// The rows after the last layer and norm, [T, D], of rows that continue cached sequences.
  public func decode(
    _ rows: DecodingRows, cache: KeyValueCache, adapter: Adapter? = nil
  ) -> Matrix {
    var x = Matrix(rows: rows.ids.count, columns: shape.width)
    weights.embedding.gather(rows.ids, into: x, on: workers)
    for (index, layer) in weights.layers.enumerated() {
      x = pass(layer, adapter).decode(x, rows: rows, cache: cache, index: index)
    }
    return finalNorm(x)
  }

  /// Logits [T, V] for rows that ``decode(_:cache:adapter:)`` made.
  public func logits(_ hidden: Matrix) -> Matrix {
    let logits = Matrix(rows: hidden.rows, columns: shape.vocabulary)
    weights.head.product(hidden, into: logits, on: workers)
    return logits
  }

  /// A cache for `slots` sequences of up to `capacity` tokens of this model.
  public func makeCache(slots: Int, capacity: Int) -> KeyValueCache {
    KeyValueCache(
      layers: shape.layers, slots: slots, capacity: capacity, width: shape.keyValueWidth,
      headSize: shape.headSize)
  }

  func pass(_ layer: LayerWeights, _ adapter: Adapter?) -> LayerPass {
    LayerPass(layer: layer, shape: shape, table: table, adapter: adapter, workers: workers)
  }

  func finalNorm(_ x: Matrix) -> Matrix {
    let y = Matrix(rows: x.rows, columns: x.columns)
    Rowwise.rmsNorm(
      x, weight: weights.outputNorm, epsilon: shape.normEpsilon, into: y, on: workers)
    return y
  }
}

/// Rows that continue sequences: token `ids[t]` at `positions[t]` of the sequence in `slots[t]`.
public struct DecodingRows: Sendable {
  public var ids: [Int32] = []
  public var slots: [Int] = []
  public var positions: [Int32] = []

  public init() {}

  public mutating func append(_ id: Int32, slot: Int, position: Int) {
    ids.append(id)
    slots.append(slot)
    positions.append(Int32(position))
  }
}

extension LanguageModel {
  /// Numbers in all weights.
  public var parameterCount: Int {
    let matrices = [weights.embedding] + weights.layers.flatMap { $0.linears.values.map(\.weights) }
    let counted = matrices.reduce(0) { $0 + $1.rows * $1.columns }
    let biases = weights.layers.flatMap { $0.linears.values.compactMap(\.bias) }
    let headNorms = weights.layers.flatMap { [$0.queryNorm, $0.keyNorm].compactMap(\.self) }
    return counted + (weights.output.map { $0.rows * $0.columns } ?? 0)
      + (biases + headNorms).reduce(0) { $0 + $1.columns }
      + (2 * shape.layers + 1) * shape.width
  }
}
