internal import Bytes
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
  ///
  /// - Parameter wanted: the rows that are asked for, ascending, T of them; nil for all. Of the
  ///   others only keys and values are computed in the last layer.
  public func decode(
    _ rows: DecodingRows, cache: KeyValueCache, adapter: Adapter? = nil, wanted: [Int]? = nil
  ) -> Matrix {
    var x = Matrix(unsetRows: rows.ids.count, columns: shape.width)
    weights.embedding.gather(rows.ids, into: x, on: workers)
    let picked = wanted.flatMap { $0.count < rows.ids.count ? $0 : nil }
    for (index, layer) in weights.layers.enumerated() {
      let isLast = index == weights.layers.count - 1
      x = pass(layer, adapter).decode(
        x, rows: rows, cache: cache, index: index, picked: isLast ? picked : nil)
    }
    return finalNorm(x)
  }

  /// Logits [T, V] for rows that ``decode(_:cache:adapter:wanted:)`` made.
  public func logits(_ hidden: Matrix) -> Matrix {
    let logits = Matrix(unsetRows: hidden.rows, columns: shape.vocabulary)
    weights.head.product(hidden, into: logits, on: workers)
    return logits
  }

  /// A cache of pages for sequences of this model.
  public func makeCache(pages: Int, precision: KeyValueCache.Precision) -> KeyValueCache {
    KeyValueCache(
      layers: shape.layers, pages: pages, width: shape.keyValueWidth, headSize: shape.headSize,
      precision: precision)
  }

  /// What a page of a cache takes.
  func bytesPerPage(_ precision: KeyValueCache.Precision) -> Int {
    KeyValueCache.pageBytes(
      layers: shape.layers, width: shape.keyValueWidth, headSize: shape.headSize,
      precision: precision
    ).bytes
  }

  func pass(_ layer: LayerWeights, _ adapter: Adapter?) -> LayerPass {
    LayerPass(layer: layer, shape: shape, table: table, adapter: adapter, workers: workers)
  }

  func finalNorm(_ x: Matrix) -> Matrix {
    let y = Matrix(unsetRows: x.rows, columns: x.columns)
    Rowwise.rmsNorm(
      x, weight: weights.outputNorm, epsilon: shape.normEpsilon, into: y, on: workers)
    return y
  }
}

/// Rows that continue sequences: row t is the token `ids[t]` at `positions[t]` of its sequence.
public struct DecodingRows: Sendable {
  public private(set) var ids: [Int32] = []
  public private(set) var positions: [Int32] = []
  /// The rows of each sequence, which follow each other.
  public private(set) var runs: [CachedRun] = []

  public init() {}

  /// Adds tokens of one sequence, of which the first is its token `position`; the cache has, or will
  /// have, the sequence in `pages`.
  public mutating func append(_ tokens: [Int32], position: Int, pages: [Int32]) {
    let rows = ids.count..<ids.count + tokens.count
    ids += tokens
    positions += (position..<position + tokens.count).map { Int32($0) }
    runs.append(CachedRun(rows: rows, position: position, pages: pages))
  }

  /// Only some of the rows, ascending, each in a run of its own.
  func picking(_ wanted: [Int]) -> DecodingRows {
    var picked = DecodingRows()
    var left = runs[...]
    for row in wanted {
      while let run = left.first, run.rows.upperBound <= row { left.removeFirst() }
      guard let run = left.first, run.rows.contains(row) else { continue }
      picked.append(
        [ids[row]], position: run.position + row - run.rows.lowerBound, pages: run.pages)
    }
    return picked
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
