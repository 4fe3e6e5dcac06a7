import Transformer

/// A tensor that a model of some shape consists of.
struct ModelTensor: Equatable {
  /// As in GGUF.
  var name: String
  /// A vector is one row.
  var rows: Int
  var columns: Int
  /// Biases and an output of its own need not be there.
  var isOptional = false
  /// Query and key weights and biases, whose rows (or values, of a bias) follow the rotary order.
  var isRotated = false

  var isVector: Bool { rows == 1 }
  var canBePanels: Bool { rows > 1 && columns.isMultiple(of: 32) }

  /// All tensors of a model, in the order of our files.
  static func all(of shape: ModelShape) -> [ModelTensor] {
    var tensors = [
      ModelTensor(name: "token_embd.weight", rows: shape.vocabulary, columns: shape.width)
    ]
    for layer in 0..<shape.layers {
      tensors.append(.norm("blk.\(layer).attn_norm.weight", shape))
      for linear in LinearName.allCases {
        tensors += Self.linear(LinearID(layer: layer, name: linear), shape)
      }
      if shape.architecture.normalizesHeads {
        for name in [LinearName.query, .key] {
          let id = LinearID(layer: layer, name: name)
          tensors.append(
            ModelTensor(name: "\(id.path)_norm.weight", rows: 1, columns: shape.headSize))
        }
      }
      tensors.append(.norm("blk.\(layer).ffn_norm.weight", shape))
    }
    tensors.append(
      ModelTensor(
        name: ModelWeights.ropeFactorsName, rows: 1, columns: shape.headSize / 2,
        isOptional: true))
    tensors.append(.norm("output_norm.weight", shape))
    tensors.append(
      ModelTensor(
        name: "output.weight", rows: shape.vocabulary, columns: shape.width, isOptional: true))
    return tensors
  }

  private static func norm(_ name: String, _ shape: ModelShape) -> ModelTensor {
    ModelTensor(name: name, rows: 1, columns: shape.width)
  }

  private static func linear(_ id: LinearID, _ shape: ModelShape) -> [ModelTensor] {
    let size = id.name.size(in: shape)
    let isRotated = id.name == .query || id.name == .key
    return [
      ModelTensor(
        name: "\(id.path).weight", rows: size.rows, columns: size.columns, isRotated: isRotated),
      ModelTensor(
        name: "\(id.path).bias", rows: 1, columns: size.rows, isOptional: true,
        isRotated: isRotated),
    ]
  }
}
