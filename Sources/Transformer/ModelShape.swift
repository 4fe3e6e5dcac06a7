public import ModelFile
internal import Tensor

/// Which family of formulas a model follows. Mistral is `llama` with another name in GGUF.
public enum Architecture: String, CaseIterable, Sendable {
  case llama, qwen2, qwen3

  /// Whether every head of queries and keys passes through a norm of its own before it is turned.
  public var normalizesHeads: Bool { self == .qwen3 }
}

/// The numbers that fix a transformer's shape, read from a model file and checked.
public struct ModelShape: Equatable, Sendable {
  public var architecture: Architecture
  public var layers: Int
  /// Width of the residual stream, D.
  public var width: Int
  /// Width inside the feed-forward part, F.
  public var feedForward: Int
  /// Query heads, H.
  public var heads: Int
  /// Key and value heads, G; each serves H / G query heads.
  public var keyValueHeads: Int
  /// Values per head, d.
  public var headSize: Int
  public var vocabulary: Int
  /// The longest sequence the model was made for, in tokens.
  public var context: Int
  public var normEpsilon: Float
  public var ropeBase: Float
  /// Positions are divided by this before heads are turned ("linear" scaling); 1 changes nothing.
  public var ropeScale: Float
  /// How many tokens back attention reaches; nil for all of them.
  public var slidingWindow: Int?

  public var queryWidth: Int { heads * headSize }
  public var keyValueWidth: Int { keyValueHeads * headSize }

  public init(
    architecture: Architecture, layers: Int, width: Int, feedForward: Int, heads: Int,
    keyValueHeads: Int, headSize: Int, vocabulary: Int, context: Int, normEpsilon: Float,
    ropeBase: Float, ropeScale: Float = 1, slidingWindow: Int? = nil
  ) {
    self.architecture = architecture
    self.layers = layers
    self.width = width
    self.feedForward = feedForward
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headSize = headSize
    self.vocabulary = vocabulary
    self.context = context
    self.normEpsilon = normEpsilon
    self.ropeBase = ropeBase
    self.ropeScale = ropeScale
    self.slidingWindow = slidingWindow
  }

  /// Reads the GGUF keys of a model; `vocabulary` is the number of rows of its token embedding.
  public init(metadata: Metadata, vocabulary: Int, path: String) throws(TransformerError) {
    let name = metadata.string("general.architecture") ?? ""
    guard let architecture = Architecture(rawValue: name) else {
      throw .unknownArchitecture(path: path, name: name)
    }
    let keys = ShapeKeys(metadata: metadata, prefix: name, path: path)
    let heads = try keys.count("attention.head_count", atMost: 1 << 12)
    let width = try keys.count("embedding_length", atMost: 1 << 20)
    self.init(
      architecture: architecture,
      layers: try keys.count("block_count", atMost: 1 << 12),
      width: width,
      feedForward: try keys.count("feed_forward_length", atMost: 1 << 22),
      heads: heads,
      keyValueHeads: try keys.count("attention.head_count_kv", atMost: heads, or: heads),
      headSize: try keys.count("attention.key_length", atMost: 1 << 12, or: width / heads),
      vocabulary: vocabulary,
      context: try keys.count("context_length", atMost: 1 << 26),
      normEpsilon: Float(metadata.number("\(name).attention.layer_norm_rms_epsilon") ?? 1e-5),
      ropeBase: Float(metadata.number("\(name).rope.freq_base") ?? 10_000),
      ropeScale: try Self.ropeScale(metadata, prefix: name, path: path),
      slidingWindow: try keys.count("attention.sliding_window", atMost: 1 << 26, or: 0))
    if slidingWindow == 0 { slidingWindow = nil }
    try refusePartialRotation(metadata, prefix: name, path: path)
    guard heads.isMultiple(of: keyValueHeads), headSize.isMultiple(of: 2) else {
      throw .impossibleShape(
        path: path, reason: "\(heads) heads of size \(headSize) over \(keyValueHeads) key heads")
    }
    guard headSize <= Attention.longestHead else {
      throw .unsupported(
        path: path, what: "a head of \(headSize) values, more than \(Attention.longestHead),")
    }
  }

  /// Files that name no type mean the linear one, by its newer or its older key.
  private static func ropeScale(
    _ metadata: Metadata, prefix: String, path: String
  ) throws(TransformerError) -> Float {
    let type = metadata.string("\(prefix).rope.scaling.type") ?? "linear"
    guard type != "none" else { return 1 }
    guard type == "linear" else {
      throw .unsupported(path: path, what: "rope scaling of type \(type)")
    }
    let key = "\(prefix).rope.scaling.factor"
    let number = metadata.number(key) ?? metadata.number("\(prefix).rope.scale_linear")
    guard let scale = number.map({ Float($0) }), scale != 0 else { return 1 }
    guard scale >= 1e-3, scale <= 1e6 else {
      throw .impossibleShape(path: path, reason: "\(key) is \(scale)")
    }
    return scale
  }

  private func refusePartialRotation(
    _ metadata: Metadata, prefix: String, path: String
  ) throws(TransformerError) {
    let rotated = metadata.integer("\(prefix).rope.dimension_count") ?? headSize
    guard rotated == headSize else {
      throw .unsupported(path: path, what: "rotation of \(rotated) of \(headSize) head values")
    }
  }
}

/// Looks up counts under an architecture's prefix and refuses absurd ones.
private struct ShapeKeys {
  let metadata: Metadata
  let prefix: String
  let path: String

  func count(
    _ key: String, atMost limit: Int, or standIn: Int? = nil
  ) throws(TransformerError) -> Int {
    let full = "\(prefix).\(key)"
    guard let value = metadata.integer(full) ?? standIn else {
      throw .missingKey(path: path, key: full)
    }
    guard value > 0 || standIn != nil && value >= 0, value <= limit else {
      throw .impossibleShape(
        path: path, reason: "\(full) is \(value), more than 0 and at most \(limit) was expected")
    }
    return value
  }
}
