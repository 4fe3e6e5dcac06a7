// Q8_0 is called as the format is.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import ModelFile
import Transformer

/// Where weights come from, under their names in GGUF and in the half-split rotary order.
protocol WeightSource {
  var path: String { get }
  /// Every name that the model must have a place for.
  var names: [String] { get }
  /// What a tensor is called in the source.
  func storedName(of name: String) -> String?
  /// Rows and columns; nil where there is no such tensor.
  func shape(of name: String) -> (rows: Int, columns: Int)?
  /// Whether the numbers are stored as Q8_0, or as float32.
  func precision(of name: String) -> SourcePrecision
  func floats(of tensor: ModelTensor, rows: Range<Int>) throws(ModelConversionError) -> [Float]
  /// - Precondition: the tensor is stored as Q8_0.
  func q8_0Blocks(of tensor: ModelTensor, rows: Range<Int>) -> [UInt8]
}

enum SourcePrecision { case q8_0, float32, other }

/// Weights from a GGUF file.
struct GGUFSource: WeightSource {
  let file: GGUFFile
  /// Values per head where query and key rows are interleaved; nil where they are half-split.
  let interleavedHeadSize: Int?

  var path: String { file.path }
  var names: [String] { file.tensors.map(\.name) }
  func storedName(of name: String) -> String? { name }

  func shape(of name: String) -> (rows: Int, columns: Int)? {
    file.tensor(name).map { ($0.rows, $0.columns) }
  }

  func precision(of name: String) -> SourcePrecision {
    switch file.tensor(name)?.type {
    case .q8_0: .q8_0
    case .f32: .float32
    default: .other
    }
  }

  func floats(of tensor: ModelTensor, rows: Range<Int>) throws(ModelConversionError) -> [Float] {
    let stored = try stored(tensor)
    guard tensor.isRotated, let headSize = interleavedHeadSize else {
      return file.floats(of: stored, rows: rows)
    }
    if tensor.isVector {
      let values = file.floats(of: stored, rows: rows)
      return values.indices.map {
        values[RotaryOrder.interleaved(ofHalfSplit: $0, headSize: headSize)]
      }
    }
    return rows.flatMap { row in
      let place = RotaryOrder.interleaved(ofHalfSplit: row, headSize: headSize)
      return file.floats(of: stored, rows: place..<place + 1)
    }
  }

  func q8_0Blocks(of tensor: ModelTensor, rows: Range<Int>) -> [UInt8] {
    guard let stored = file.tensor(tensor.name) else { return [] }
    guard tensor.isRotated, let headSize = interleavedHeadSize else {
      return file.q8_0Blocks(of: stored, rows: rows)
    }
    return rows.flatMap { row in
      let place = RotaryOrder.interleaved(ofHalfSplit: row, headSize: headSize)
      return file.q8_0Blocks(of: stored, rows: place..<place + 1)
    }
  }

  private func stored(_ tensor: ModelTensor) throws(ModelConversionError) -> GGUFTensor {
    guard let stored = file.tensor(tensor.name) else {
      throw .missingTensor(path: path, name: tensor.name)
    }
    return stored
  }
}

/// Weights from safetensors in Hugging Face's names.
struct SafetensorsSource: WeightSource {
  let path: String
  let tensors: ShardedTensors
  let huggingFaceNames: HuggingFaceNames
  /// What stands for `rope_freqs.weight`, which these files do not hold; nil for none.
  let ropeFactors: [Float]?
  /// Whether an output matrix, if there is one, is the embedding once more.
  let tiesEmbeddings: Bool
  /// Tensors that the model need not have a place for.
  var passedOver: Set<String> = []

  var names: [String] {
    tensors.names.filter { name in
      !HuggingFaceNames.isRedundant(name) && !(tiesEmbeddings && name == "lm_head.weight")
        && !passedOver.contains(name)
    }
  }

  func storedName(of name: String) -> String? { huggingFaceNames[name] }

  func shape(of name: String) -> (rows: Int, columns: Int)? {
    if tiesEmbeddings, name == "output.weight" { return nil }
    if name == ModelWeights.ropeFactorsName { return ropeFactors.map { (1, $0.count) } }
    return huggingFaceNames[name].flatMap(tensors.tensor).map { ($0.rows, $0.columns) }
  }

  func precision(of name: String) -> SourcePrecision {
    if name == ModelWeights.ropeFactorsName { return .float32 }
    let type = huggingFaceNames[name].flatMap(tensors.tensor)?.type
    return type == "F32" ? .float32 : .other
  }

  func floats(of tensor: ModelTensor, rows: Range<Int>) throws(ModelConversionError) -> [Float] {
    if tensor.name == ModelWeights.ropeFactorsName, let ropeFactors { return ropeFactors }
    guard let name = huggingFaceNames[tensor.name] else {
      throw .missingTensor(path: path, name: tensor.name)
    }
    return try files { () throws(ModelFileError) in try tensors.floats(of: name, rows: rows) }
  }

  func q8_0Blocks(of tensor: ModelTensor, rows: Range<Int>) -> [UInt8] { [] }
}
