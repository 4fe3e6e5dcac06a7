internal import Bytes
public import ModelFile
public import Tensor

/// The seven weight matrices of a layer that are applied to rows.
public enum LinearName: String, CaseIterable, Hashable, Sendable {
  case query = "attn_q"
  case key = "attn_k"
  case value = "attn_v"
  case attentionOutput = "attn_output"
  case gate = "ffn_gate"
  case up = "ffn_up"
  case down = "ffn_down"

  /// What the weights are called below a layer in Hugging Face's models.
  public var moduleName: String {
    switch self {
    case .query: "q_proj"
    case .key: "k_proj"
    case .value: "v_proj"
    case .attentionOutput: "o_proj"
    case .gate: "gate_proj"
    case .up: "up_proj"
    case .down: "down_proj"
    }
  }

  public var modulePath: String {
    switch self {
    case .query, .key, .value, .attentionOutput: "self_attn.\(moduleName)"
    case .gate, .up, .down: "mlp.\(moduleName)"
    }
  }

  /// Whether the fast training path rounds less around it. Values and what heads gather of them
  /// carry most of the error of gradients, and a tenth of the work.
  var isFine: Bool { self == .value || self == .attentionOutput }

  /// Output and input width in a model of `shape`.
  public func size(in shape: ModelShape) -> (rows: Int, columns: Int) {
    switch self {
    case .query: (shape.queryWidth, shape.width)
    case .key, .value: (shape.keyValueWidth, shape.width)
    case .attentionOutput: (shape.width, shape.queryWidth)
    case .gate, .up: (shape.feedForward, shape.width)
    case .down: (shape.width, shape.feedForward)
    }
  }
}

/// Names one weight matrix of the whole model.
public struct LinearID: Hashable, Sendable {
  public let layer: Int
  public let name: LinearName

  public init(layer: Int, name: LinearName) {
    self.layer = layer
    self.name = name
  }

  /// The name in GGUF files, without its ending `.weight`.
  public var path: String { "blk.\(layer).\(name.rawValue)" }
}

/// A weight matrix W [out, in] with its bias [1, out], where the architecture has one.
public struct Linear: Sendable {
  public let id: LinearID
  public var weights: WeightMatrix
  public var bias: Matrix?
}

/// The weights of one layer.
public struct LayerWeights: Sendable {
  /// [1, D]
  public var attentionNorm: Matrix
  /// [1, D]
  public var feedForwardNorm: Matrix
  /// [1, d] each, for every head alike; nil where the architecture has none.
  public var queryNorm: Matrix?
  public var keyNorm: Matrix?
  public var linears: [LinearName: Linear]

  public subscript(name: LinearName) -> Linear {
    guard let linear = linears[name] else { preconditionFailure("a layer has all linears") }
    return linear
  }
}

extension LayerWeights {
  /// The norms of queries and keys by their names in files, in the layer `index`.
  func headNorms(_ index: Int) -> [(name: String, matrix: Matrix)] {
    [(LinearName.query, queryNorm), (.key, keyNorm)].compactMap { name, norm in
      norm.map { ("\(LinearID(layer: index, name: name).path)_norm.weight", $0) }
    }
  }
}

/// All weights of a model: mapped from its file, or owned as floats while all of them are trained.
public struct ModelWeights: Sendable {
  /// [V, D]
  public var embedding: WeightMatrix
  public var layers: [LayerWeights]
  /// [1, D]
  public var outputNorm: Matrix
  /// [V, D]; nil where the embedding serves as output, too.
  public var output: WeightMatrix?
  /// By what the rotary frequency of each pair of a head is divided, [1, d/2]; nil for 1. Follows
  /// from the model's settings and is never trained.
  public var ropeFactors: Matrix?

  public var head: WeightMatrix { output ?? embedding }

  /// Finds every tensor of a model in its packed file and checks its shape.
  public init(file: PackedModelFile, shape: ModelShape) throws(TransformerError) {
    let finder = TensorFinder(file: file)
    embedding = try finder.matrix(
      "token_embd.weight", rows: shape.vocabulary, columns: shape.width)
    outputNorm = try finder.row("output_norm.weight", columns: shape.width)
    output =
      file.tensor("output.weight") == nil
      ? nil
      : try finder.matrix("output.weight", rows: shape.vocabulary, columns: shape.width)
    ropeFactors = try finder.ropeFactors(shape)
    layers = []
    for layer in 0..<shape.layers { layers.append(try finder.layer(layer, shape: shape)) }
  }

  /// The same weights as owned floats, to be trained. Takes four bytes a parameter.
  public func floatCopy() -> ModelWeights {
    var copy = self
    copy.embedding = embedding.ownedFloats()
    copy.output = output?.ownedFloats()
    copy.outputNorm = outputNorm.copy()
    copy.layers = layers.map { layer in
      var layer = layer
      layer.attentionNorm = layer.attentionNorm.copy()
      layer.feedForwardNorm = layer.feedForwardNorm.copy()
      layer.queryNorm = layer.queryNorm?.copy()
      layer.keyNorm = layer.keyNorm?.copy()
      for (name, linear) in layer.linears {
        layer.linears[name]?.weights = linear.weights.ownedFloats()
        layer.linears[name]?.bias = linear.bias?.copy()
      }
      return layer
    }
    return copy
  }
}

extension WeightMatrix {
  /// The same numbers as floats in memory of their own.
  public func ownedFloats() -> WeightMatrix {
    .dense(DenseMatrix(floats(rows: 0..<rows)))
  }

  /// Some rows as floats.
  public func floats(rows: Range<Int>) -> Matrix {
    switch self {
    case .panels(let panels): panels.floats(rows: rows)
    case .dense(let dense): dense.floats(rows: rows)
    }
  }
}

/// Looks tensors up by name and checks what is found.
private struct TensorFinder {
  let file: PackedModelFile

  func tensor(_ name: String, rows: Int, columns: Int) throws(TransformerError) -> PackedTensor {
    guard let tensor = file.tensor(name) else {
      throw .missingTensor(path: file.path, name: name)
    }
    guard tensor.rows == rows, tensor.columns == columns else {
      throw .wrongShape(
        path: file.path, name: name, found: [tensor.rows, tensor.columns],
        expected: [rows, columns]
      )
    }
    return tensor
  }

  func matrix(_ name: String, rows: Int, columns: Int) throws(TransformerError) -> WeightMatrix {
    let tensor = try tensor(name, rows: rows, columns: columns)
    switch tensor.encoding {
    case .float32: return .dense(DenseMatrix(rows: rows, columns: columns, mapped: tensor.bytes))
    case .int8Panels:
      guard tensor.bytes.count == PanelMatrix.byteCount(rows: rows, columns: columns) else {
        throw .unreadable(path: file.path, reason: "\(name) has \(tensor.bytes.count) bytes")
      }
      return .panels(PanelMatrix(rows: rows, columns: columns, mapped: tensor.bytes))
    }
  }

  func row(_ name: String, columns: Int) throws(TransformerError) -> Matrix {
    let matrix = try matrix(name, rows: 1, columns: columns)
    return matrix.floats(rows: 0..<1)
  }

  /// A factor that is no positive number would turn all angles into NaN.
  func ropeFactors(_ shape: ModelShape) throws(TransformerError) -> Matrix? {
    let name = ModelWeights.ropeFactorsName
    guard file.tensor(name) != nil else { return nil }
    let factors = try row(name, columns: shape.headSize / 2)
    guard factors.values.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw .unreadable(path: file.path, reason: "\(name) holds what is no positive number")
    }
    return factors
  }

  /// The norm of all heads of a layer's queries or keys, where the architecture has one.
  func headNorm(
    _ name: LinearName, _ index: Int, _ shape: ModelShape
  ) throws(TransformerError) -> Matrix? {
    guard shape.architecture.normalizesHeads else { return nil }
    let id = LinearID(layer: index, name: name)
    return try row("\(id.path)_norm.weight", columns: shape.headSize)
  }

  func layer(_ index: Int, shape: ModelShape) throws(TransformerError) -> LayerWeights {
    var linears: [LinearName: Linear] = [:]
    for name in LinearName.allCases {
      let id = LinearID(layer: index, name: name)
      let size = name.size(in: shape)
      let hasBias = file.tensor("\(id.path).bias") != nil
      linears[name] = Linear(
        id: id,
        weights: try matrix("\(id.path).weight", rows: size.rows, columns: size.columns),
        bias: hasBias ? try row("\(id.path).bias", columns: size.rows) : nil)
    }
    return LayerWeights(
      attentionNorm: try row("blk.\(index).attn_norm.weight", columns: shape.width),
      feedForwardNorm: try row("blk.\(index).ffn_norm.weight", columns: shape.width),
      queryNorm: try headNorm(.query, index, shape), keyNorm: try headNorm(.key, index, shape),
      linears: linears)
  }
}

extension ModelWeights {
  /// The name of ``ropeFactors`` in files.
  public static let ropeFactorsName = "rope_freqs.weight"

  /// All weights that are owned as floats, by name and in a fixed order: what full training changes.
  public var parameters: [(name: String, matrix: Matrix)] {
    var list: [(name: String, matrix: Matrix)] = []
    func add(_ name: String, _ weights: WeightMatrix?) {
      if case .dense(let dense) = weights, let owned = dense.owned { list.append((name, owned)) }
    }
    add("token_embd.weight", embedding)
    for (index, layer) in layers.enumerated() {
      list.append(("blk.\(index).attn_norm.weight", layer.attentionNorm))
      for name in LinearName.allCases {
        let linear = layer[name]
        add("\(linear.id.path).weight", linear.weights)
        if let bias = linear.bias { list.append(("\(linear.id.path).bias", bias)) }
      }
      list += layer.headNorms(index)
      list.append(("blk.\(index).ffn_norm.weight", layer.feedForwardNorm))
    }
    list.append(("output_norm.weight", outputNorm))
    add("output.weight", output)
    return list
  }
}
