import Bytes
import ModelFile
import Tensor
import Transformer

/// Writes a packed model as a file that other programs read.
public enum ModelExport {
  /// How a GGUF file stores matrices; vectors are float32 in any case.
  public enum GGUFType: String, CaseIterable, Sendable {
    /// Matrices whose rows are no multiple of 32 long stay float32.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    case q8_0
    case f16
    case f32

    /// The number that GGUF has for a file that is mostly of this type.
    fileprivate var fileType: UInt32 {
      switch self {
      case .f32: 0
      case .f16: 1
      case .q8_0: 7
      }
    }
  }

  /// Writes `packed` to `path` with its tokenizer and chat template. Memory does not depend on the
  /// model's size.
  @discardableResult
  public static func gguf(
    from packed: String, to path: String, type: GGUFType = .q8_0,
    progress: (ConversionProgress) -> Void = { _ in }
  ) throws(ModelConversionError) -> ConversionReport {
    let file = try files { () throws(ModelFileError) in try PackedModelFile(path: packed) }
    let tensors = try file.tensors.map { (tensor) throws(ModelConversionError) in
      try ExportedTensor(tensor, of: file, as: type)
    }
    var writer = try files { () throws(ModelFileError) in
      try GGUFWriter(
        path: path, metadata: metadata(of: file, type), tensors: tensors.map(\.shape))
    }
    var report = ConversionReport()
    for (index, tensor) in tensors.enumerated() {
      for rows in RowBlocks(rows: tensor.source.rows, columns: tensor.source.columns) {
        do throws(ModelFileError) { try writer.append(tensor.bytes(rows)) } catch {
          throw .file(error)
        }
      }
      report.count(tensor.fate, name: tensor.source.name, bytes: tensor.shape.byteCount)
      progress(
        ConversionProgress(tensor: tensor.source.name, done: index + 1, total: tensors.count))
    }
    do throws(ModelFileError) { try writer.commit() } catch { throw .file(error) }
    return report
  }

  /// Adds how the file is stored, in the numbers that GGUF has for it.
  private static func metadata(of file: PackedModelFile, _ type: GGUFType) -> Metadata {
    var metadata = file.metadata
    if metadata["general.type"] == nil { metadata["general.type"] = .string("model") }
    metadata["general.file_type"] = .u32(type.fileType)
    if type == .q8_0 { metadata["general.quantization_version"] = .u32(2) }
    return metadata
  }
}

/// A tensor on its way out: what it is, and how its rows are written.
private struct ExportedTensor {
  let source: PackedTensor
  let shape: GGUFTensorShape
  let fate: TensorFate

  private let weights: WeightMatrix
  /// Values per head where the rows are to be interleaved.
  private let interleavedHeadSize: Int?

  init(
    _ tensor: PackedTensor, of file: PackedModelFile, as type: ModelExport.GGUFType
  ) throws(ModelConversionError) {
    source = tensor
    weights = tensor.weights
    let stored = Self.type(of: tensor, wanted: type)
    shape = GGUFTensorShape(
      name: tensor.name,
      dimensions: tensor.rows == 1 ? [tensor.columns] : [tensor.columns, tensor.rows],
      type: stored)
    fate = Self.fate(of: tensor, as: type, stored: stored)
    interleavedHeadSize = try Self.headSize(of: tensor, in: file)
    if stored == .f16, weights.exceeds(FloatType.f16.largest) {
      throw .tooLargeForType(path: file.path, tensor: tensor.name, type: .f16)
    }
  }

  private static func type(
    of tensor: PackedTensor, wanted: ModelExport.GGUFType
  ) -> ElementType {
    switch wanted {
    case .q8_0 where tensor.rows > 1 && tensor.columns.isMultiple(of: 32): .q8_0
    case .f16 where tensor.rows > 1: .f16
    default: .f32
    }
  }

  private static func fate(
    of tensor: PackedTensor, as type: ModelExport.GGUFType, stored: ElementType
  ) -> TensorFate {
    if stored == .q8_0 { return tensor.encoding == .int8Panels ? .keptExactly : .quantised }
    if type == .q8_0, tensor.rows > 1 { return .oddWidth(tensor.columns) }
    return tensor.encoding == .float32 && stored == .f32 ? .keptExactly : .otherFloat
  }

  private static func headSize(
    of tensor: PackedTensor, in file: PackedModelFile
  ) throws(ModelConversionError) -> Int? {
    guard tensor.name.contains(".attn_q.") || tensor.name.contains(".attn_k.") else { return nil }
    let vocabulary = file.tensor("token_embd.weight")?.rows ?? 0
    let shape = try model { () throws(TransformerError) in
      try ModelShape(metadata: file.metadata, vocabulary: vocabulary, path: file.path)
    }
    guard shape.architecture == .llama else { return nil }
    let values = tensor.rows == 1 ? tensor.columns : tensor.rows
    guard values == Self.rotatedValues(tensor, shape) else {
      throw .wrongShape(
        path: file.path, name: tensor.name, found: [tensor.rows, tensor.columns],
        expected: [Self.rotatedValues(tensor, shape)])
    }
    return shape.headSize
  }

  /// Values of all heads of a query or key together.
  private static func rotatedValues(_ tensor: PackedTensor, _ shape: ModelShape) -> Int {
    tensor.name.contains(".attn_q.") ? shape.queryWidth : shape.keyValueWidth
  }

  /// Some rows of the new file.
  func bytes(_ rows: Range<Int>) -> [UInt8] {
    guard let headSize = interleavedHeadSize else { return stored(rows) }
    if source.rows == 1 {
      let values = weights.floats(rows: rows).values
      return values.indices.map {
        values[RotaryOrder.halfSplit(ofInterleaved: $0, headSize: headSize)]
      }.littleEndianBytes
    }
    return rows.flatMap { row in
      let place = RotaryOrder.halfSplit(ofInterleaved: row, headSize: headSize)
      return stored(place..<place + 1)
    }
  }

  /// Some rows of the packed file in the type of the new one.
  private func stored(_ rows: Range<Int>) -> [UInt8] {
    if shape.type == .f16 { return FloatType.f16.bytes(of: weights.floats(rows: rows).values) }
    guard shape.type == .q8_0 else { return weights.floats(rows: rows).values.littleEndianBytes }
    switch weights {
    case .panels(let panels): return panels.q8_0Blocks(rows: rows)
    case .dense(let dense):
      return PanelMatrix.q8_0Blocks(quantizing: dense.floats(rows: rows).values)
    }
  }
}

extension WeightMatrix {
  /// Whether a weight is larger than `limit`; reads all of them.
  fileprivate func exceeds(_ limit: Float) -> Bool {
    RowBlocks(rows: rows, columns: columns).contains { block in
      !floats(rows: block).values.allSatisfy { abs($0) <= limit }
    }
  }
}
