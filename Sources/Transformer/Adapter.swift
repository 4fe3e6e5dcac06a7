public import Tensor

/// A low-rank change of one weight matrix: ΔW = scale · B · A.
public struct LowRank: Sendable {
  /// [r, in]
  public let a: Matrix
  /// [out, r]
  public let b: Matrix
  /// Aᵀ and Bᵀ, where they are kept at hand for reading.
  private var turned: (a: Matrix, b: Matrix)?

  public init(a: Matrix, b: Matrix) {
    precondition(a.rows == b.columns, "rank \(a.rows) of A is not rank \(b.columns) of B")
    self.a = a
    self.b = b
  }

  /// Aᵀ [in, r] and Bᵀ [r, out]: rows that lie as a row of y does.
  var transposes: (a: Matrix, b: Matrix) { turned ?? (a.transposed(), b.transposed()) }

  fileprivate func withTransposes() -> LowRank {
    var copy = self
    copy.turned = transposes
    return copy
  }
}

/// Low-rank changes to some weight matrices of a model (LoRA, arXiv 2106.09685).
///
/// The matrices are shared by reference: a trainer changes them in place.
public struct Adapter: Sendable {
  public var parts: [LinearID: LowRank]
  public let rank: Int
  public let alpha: Float
  /// Whether the scale is α/√r instead of α/r (rsLoRA).
  public let isRankStabilised: Bool
  /// What of its inputs is left out in the pass at hand.
  private(set) var dropout: Dropout?

  public var scale: Float {
    isRankStabilised ? alpha / Float(rank).squareRoot() : alpha / Float(rank)
  }

  public init(
    parts: [LinearID: LowRank], rank: Int, alpha: Float, isRankStabilised: Bool = false
  ) {
    self.parts = parts
    self.rank = rank
    self.alpha = alpha
    self.isRankStabilised = isRankStabilised
  }

  /// A fresh adapter that changes nothing yet: A is random as in PEFT (uniform within ±1/√in), B zero.
  public init(
    shape: ModelShape, targets: [LinearName], rank: Int, alpha: Float,
    isRankStabilised: Bool = false, seed: UInt64
  ) {
    var parts: [LinearID: LowRank] = [:]
    for layer in 0..<shape.layers {
      for name in LinearName.allCases where targets.contains(name) {
        let id = LinearID(layer: layer, name: name)
        let size = name.size(in: shape)
        var random = CounterRandom(seed: seed, stream: id.path)
        let bound = 1 / Float(size.columns).squareRoot()
        let values = (0..<rank * size.columns).map { _ in (2 * random.uniform() - 1) * bound }
        parts[id] = LowRank(
          a: Matrix(rows: rank, columns: size.columns, values: values),
          b: Matrix(rows: size.rows, columns: rank))
      }
    }
    self.init(parts: parts, rank: rank, alpha: alpha, isRankStabilised: isRankStabilised)
  }

  /// The same matrices for one pass of a training.
  public func dropping(_ dropout: Dropout) -> Adapter {
    var copy = self
    copy.dropout = dropout
    return copy
  }

  /// The same matrices together with their transposes, which reading and writing row by row would
  /// else make at each step. Not for an adapter that is being trained: they do not follow it.
  func readyToRead() -> Adapter {
    var copy = self
    copy.parts = parts.mapValues { $0.withTransposes() }
    return copy
  }

  /// The same numbers in matrices of their own.
  public func copy() -> Adapter {
    var copy = self
    copy.parts = parts.mapValues { LowRank(a: $0.a.copy(), b: $0.b.copy()) }
    return copy
  }

  /// All trainable matrices by name, in a fixed order.
  public var parameters: [(name: String, matrix: Matrix)] {
    parts.keys.sorted { $0.path < $1.path }.flatMap { id in
      parts[id].map { [("\(id.path).lora_a", $0.a), ("\(id.path).lora_b", $0.b)] } ?? []
    }
  }
}
