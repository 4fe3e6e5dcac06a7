internal import Bytes
public import ModelFile
internal import Tensor

/// How the weight matrices of a packed model are stored.
public enum WeightEncoding: String, CaseIterable, Sendable {
  /// 8-bit codes with a scale per 32 weights; matrices of odd width stay floats.
  case int8
  case float32 = "f32"
}

extension LanguageModel {
  /// Writes the model as a packed file, with an adapter's change added to its weights.
  ///
  /// The sum W + scale·B·A is made in float and rounded once. Codes that nothing changes are kept
  /// as they are. Memory does not depend on the model's size.
  /// - Returns: the new file's fingerprint.
  @discardableResult
  public func write(
    to path: String, merging adapter: Adapter? = nil, encoding: WeightEncoding = .int8
  ) throws(ModelFileError) -> String {
    let entries = entries
    var writer = try PackedModelWriter(
      path: path, metadata: metadata, tensors: entries.map { $0.shape(encoding) })
    for entry in entries {
      try append(entry, merging: adapter, encoding: encoding, to: &writer)
    }
    return try writer.commit()
  }

  /// Rows that are rounded at once; a multiple of a panel's 32.
  private static let rowsAtOnce = 1024

  private func append(
    _ entry: Entry, merging adapter: Adapter?, encoding: WeightEncoding,
    to writer: inout PackedModelWriter
  ) throws(ModelFileError) {
    let isPacked = entry.shape(encoding).encoding == .int8Panels
    let part = entry.id.flatMap { adapter?.parts[$0] }
    for start in stride(from: 0, to: entry.weights.rows, by: Self.rowsAtOnce) {
      let rows = start..<min(start + Self.rowsAtOnce, entry.weights.rows)
      if isPacked, part == nil, case .panels(let panels) = entry.weights {
        try writer.append(panels.panelBytes(start / 32..<(rows.upperBound + 31) / 32))
        continue
      }
      let floats = entry.weights.floats(rows: rows)
      if let part, let adapter {
        let b = Matrix(rows: rows.count, columns: part.b.columns)
        b.copyRows(rows, of: part.b, to: 0)
        FloatProduct.addAB(b, part.a, into: floats, scale: adapter.scale, on: workers)
      }
      if isPacked {
        let panels = PanelMatrix(quantizing: floats)
        try writer.append(panels.panelBytes(0..<(rows.count + 31) / 32))
      } else {
        try writer.append(floats: floats.values)
      }
    }
  }

  /// A tensor of the file: its name and its weights.
  private struct Entry {
    let name: String
    let weights: WeightMatrix
    var id: LinearID?

    func shape(_ encoding: WeightEncoding) -> PackedTensorShape {
      let canPack = weights.rows > 1 && weights.columns.isMultiple(of: 32)
      return PackedTensorShape(
        name: name, rows: weights.rows, columns: weights.columns,
        encoding: encoding == .int8 && canPack ? .int8Panels : .float32)
    }
  }

  /// All tensors, in the order of the file.
  private var entries: [Entry] {
    var entries = [Entry(name: "token_embd.weight", weights: weights.embedding)]
    func add(_ name: String, _ row: Matrix) {
      entries.append(Entry(name: name, weights: .dense(DenseMatrix(row))))
    }
    for (index, layer) in weights.layers.enumerated() {
      add("blk.\(index).attn_norm.weight", layer.attentionNorm)
      for name in LinearName.allCases {
        let linear = layer[name]
        entries.append(
          Entry(name: "\(linear.id.path).weight", weights: linear.weights, id: linear.id))
        if let bias = linear.bias { add("\(linear.id.path).bias", bias) }
      }
      for (name, norm) in layer.headNorms(index) { add(name, norm) }
      add("blk.\(index).ffn_norm.weight", layer.feedForwardNorm)
    }
    if let factors = weights.ropeFactors { add(ModelWeights.ropeFactorsName, factors) }
    add("output_norm.weight", weights.outputNorm)
    if let output = weights.output { entries.append(Entry(name: "output.weight", weights: output)) }
    return entries
  }
}
