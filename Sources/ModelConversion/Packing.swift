import ModelFile
import Tensor
import Transformer

extension ModelTensor {
  /// The tensors of a model that a source holds, after comparing what should be there with what is.
  static func found(
    in source: some WeightSource, _ metadata: Metadata
  ) throws(ModelConversionError) -> [ModelTensor] {
    let vocabulary = source.shape(of: "token_embd.weight")?.rows ?? 0
    let shape = try model { () throws(TransformerError) in
      try ModelShape(metadata: metadata, vocabulary: vocabulary, path: source.path)
    }
    var tensors: [ModelTensor] = []
    for tensor in all(of: shape) {
      guard let found = source.shape(of: tensor.name) else {
        if tensor.isOptional { continue }
        throw .missingTensor(path: source.path, name: tensor.name)
      }
      guard found == (tensor.rows, tensor.columns) else {
        throw .wrongShape(
          path: source.path, name: tensor.name, found: [found.rows, found.columns],
          expected: [tensor.rows, tensor.columns])
      }
      tensors.append(tensor)
    }
    try refuseOthers(tensors, in: source)
    return tensors
  }

  private static func refuseOthers(
    _ tensors: [ModelTensor], in source: some WeightSource
  ) throws(ModelConversionError) {
    let known = Set(tensors.map { source.storedName(of: $0.name) })
    for name in source.names where !known.contains(name) {
      throw .unexpectedTensor(path: source.path, name: name)
    }
  }
}

/// Brings tensors of a source into the encodings of a packed file.
struct Packing<Source: WeightSource> {
  let source: Source
  let encoding: WeightEncoding

  func shape(of tensor: ModelTensor) -> PackedTensorShape {
    PackedTensorShape(
      name: tensor.name, rows: tensor.rows, columns: tensor.columns,
      encoding: isPanels(tensor) ? .int8Panels : .float32)
  }

  func fate(of tensor: ModelTensor) -> TensorFate {
    let precision = source.precision(of: tensor.name)
    if isPanels(tensor) { return precision == .q8_0 ? .keptExactly : .quantised }
    if encoding == .int8, !tensor.isVector { return .oddWidth(tensor.columns) }
    return precision == .float32 ? .keptExactly : .otherFloat
  }

  /// Writes all rows and gives the number of bytes.
  func write(
    _ tensor: ModelTensor, to writer: inout PackedModelWriter
  ) throws(ModelConversionError) -> Int {
    var written = 0
    for rows in RowBlocks(tensor) {
      let bytes = try bytes(of: tensor, rows)
      written += bytes.count
      do throws(ModelFileError) { try writer.append(bytes) } catch { throw .file(error) }
    }
    return written
  }

  private func isPanels(_ tensor: ModelTensor) -> Bool { encoding == .int8 && tensor.canBePanels }

  private func bytes(
    of tensor: ModelTensor, _ rows: Range<Int>
  ) throws(ModelConversionError) -> [UInt8] {
    guard isPanels(tensor) else { return try floats(of: tensor, rows).littleEndianBytes }
    let blocks =
      source.precision(of: tensor.name) == .q8_0
      ? source.q8_0Blocks(of: tensor, rows: rows)
      : PanelMatrix.q8_0Blocks(quantizing: try floats(of: tensor, rows))
    return PanelMatrix.panels(fromQ8_0: blocks, rows: rows.count, columns: tensor.columns)
  }

  private func floats(
    of tensor: ModelTensor, _ rows: Range<Int>
  ) throws(ModelConversionError) -> [Float] {
    let floats = try source.floats(of: tensor, rows: rows)
    if let place = floats.firstIndex(where: { !$0.isFinite }) {
      throw .notFinite(
        path: source.path, tensor: tensor.name, row: rows.lowerBound + place / tensor.columns)
    }
    return floats
  }
}

/// The rows of a tensor in blocks of about four megabytes as floats, each of whole panels.
struct RowBlocks: Sequence {
  private let rows: Int
  private let atOnce: Int

  init(_ tensor: ModelTensor) { self.init(rows: tensor.rows, columns: tensor.columns) }

  init(rows: Int, columns: Int) {
    self.rows = rows
    atOnce = Swift.max(32, (1 << 20) / columns / 32 * 32)
  }

  func makeIterator() -> some IteratorProtocol<Range<Int>> {
    stride(from: 0, to: rows, by: atOnce).lazy.map { $0..<Swift.min($0 + atOnce, rows) }
      .makeIterator()
  }
}
