internal import ModelFile
internal import Tensor
public import Transformer

/// LoRA adapters in the two forms that other programs know: PEFT's folder, and llama.cpp's GGUF file
/// of type `adapter` with tensors `blk.0.attn_q.weight.lora_a` and `.lora_b`.
public enum AdapterConversion {
  /// Reads an adapter for a model of `shape` from a GGUF file or a PEFT folder.
  ///
  /// - Throws: where tensors do not fit the model, or its settings are not supported.
  public static func read(
    from path: String, shape: ModelShape
  ) throws(ModelConversionError) -> Adapter {
    guard GGUFFile.isGGUF(path: path) else {
      return try model { () throws(TransformerError) in
        try AdapterFile.read(folder: path, shape: shape)
      }
    }
    return try AdapterInGGUF(path: path, shape: shape).adapter()
  }

  /// Writes an adapter of a model of `shape` as a GGUF file of float32.
  ///
  /// That file knows one scale, α/r; that of rsLoRA is written as the α that comes to the same.
  public static func gguf(
    _ adapter: Adapter, shape: ModelShape, to path: String
  ) throws(ModelConversionError) {
    var metadata = Metadata()
    metadata["general.architecture"] = .string(shape.architecture.rawValue)
    metadata["general.type"] = .string("adapter")
    metadata["adapter.type"] = .string("lora")
    metadata[AdapterInGGUF.alpha] = .f32(adapter.scale * Float(adapter.rank))
    let parts = adapter.parts.sorted { $0.key.path < $1.key.path }
    let matrices = parts.flatMap { id, part in
      [(id.ggufName("a"), part.a), (id.ggufName("b"), part.b.interleaved(id, shape))]
    }
    try files { () throws(ModelFileError) in
      var writer = try GGUFWriter(
        path: path, metadata: metadata,
        tensors: matrices.map {
          GGUFTensorShape(name: $0.0, dimensions: [$0.1.columns, $0.1.rows], type: .f32)
        })
      for (_, matrix) in matrices { try writer.append(floats: matrix.values) }
      try writer.commit()
    }
  }
}

/// An adapter's GGUF file on the way in.
private struct AdapterInGGUF {
  static let alpha = "adapter.lora.alpha"

  let file: GGUFFile
  let shape: ModelShape

  init(path: String, shape: ModelShape) throws(ModelConversionError) {
    file = try files { () throws(ModelFileError) in try GGUFFile(path: path) }
    self.shape = shape
    for (key, wanted) in [
      ("general.type", "adapter"), ("adapter.type", "lora"),
      ("general.architecture", shape.architecture.rawValue),
    ] where file.metadata.string(key) != wanted {
      let found = file.metadata.string(key) ?? "absent"
      throw .unsupported(path: path, what: "\(key) \(found), where \(wanted) is expected,")
    }
  }

  func adapter() throws(ModelConversionError) -> Adapter {
    guard let alpha = file.metadata.number(Self.alpha), alpha.isFinite, alpha > 0 else {
      throw .badSetting(path: file.path, key: Self.alpha)
    }
    var parts: [LinearID: LowRank] = [:]
    for layer in 0..<shape.layers {
      for name in LinearName.allCases {
        let id = LinearID(layer: layer, name: name)
        parts[id] = try part(id)
      }
    }
    guard let rank = parts.values.first?.a.rows, parts.count * 2 == file.tensors.count else {
      let rest = file.tensors.count - parts.count * 2
      throw .unsupported(path: file.path, what: "\(rest) tensors that fit no linear layer: this")
    }
    guard parts.values.allSatisfy({ $0.a.rows == rank }) else {
      throw .unsupported(path: file.path, what: "a rank that is not the same everywhere")
    }
    return Adapter(parts: parts, rank: rank, alpha: Float(alpha))
  }

  /// A and B of one matrix; nil where the file has none.
  private func part(_ id: LinearID) throws(ModelConversionError) -> LowRank? {
    guard let a = file.tensor(id.ggufName("a")) else { return nil }
    let size = id.name.size(in: shape)
    guard let b = file.tensor(id.ggufName("b")) else {
      throw .missingTensor(path: file.path, name: id.ggufName("b"))
    }
    return LowRank(
      a: try matrix(a, [a.rows, size.columns]),
      b: try matrix(b, [size.rows, a.rows]).halfSplit(id, shape))
  }

  private func matrix(
    _ tensor: GGUFTensor, _ expected: [Int]
  ) throws(ModelConversionError) -> Matrix {
    guard [tensor.rows, tensor.columns] == expected else {
      throw .wrongShape(
        path: file.path, name: tensor.name, found: [tensor.rows, tensor.columns],
        expected: expected)
    }
    let values = file.floats(of: tensor, rows: 0..<tensor.rows)
    if let bad = values.firstIndex(where: { !$0.isFinite }) {
      throw .notFinite(path: file.path, tensor: tensor.name, row: bad / tensor.columns)
    }
    return Matrix(rows: tensor.rows, columns: tensor.columns, values: values)
  }
}

extension LinearID {
  fileprivate func ggufName(_ side: String) -> String { "\(path).weight.lora_\(side)" }

  /// Whether GGUF files of the architecture have the outputs of this matrix in another order.
  fileprivate func isInterleaved(in shape: ModelShape) -> Bool {
    shape.architecture == .llama && (name == .query || name == .key)
  }
}

extension Matrix {
  /// The rows of B [out, r] in the order of GGUF files.
  fileprivate func interleaved(_ id: LinearID, _ shape: ModelShape) -> Matrix {
    guard id.isInterleaved(in: shape) else { return self }
    return rearranged { RotaryOrder.halfSplit(ofInterleaved: $0, headSize: shape.headSize) }
  }

  /// The rows of B from a GGUF file in the order of the model that runs.
  fileprivate func halfSplit(_ id: LinearID, _ shape: ModelShape) -> Matrix {
    guard id.isInterleaved(in: shape) else { return self }
    return rearranged { RotaryOrder.interleaved(ofHalfSplit: $0, headSize: shape.headSize) }
  }

  /// The matrix whose row i is row `place(i)` of this one.
  private func rearranged(_ place: (Int) -> Int) -> Matrix {
    Matrix(rows: rows, columns: columns, values: (0..<rows).flatMap { row(place($0)) })
  }
}
