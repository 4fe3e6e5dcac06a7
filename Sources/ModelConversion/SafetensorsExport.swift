import Bytes
import Foundation
public import ModelFile
import Tensor
import Tokenization
import Transformer

extension ModelExport {
  /// Writes `packed` as a Hugging Face folder: settings, tokenizer, chat template, and the weights in
  /// one `model.safetensors`. Memory does not depend on the model's size.
  ///
  /// `config.json` is written last, so that a folder that has one is complete.
  /// - Throws: where the formulas of no architecture there are those of the model, and where a
  ///   weight is too large for `type`.
  @discardableResult
  public static func safetensors(
    from packed: String, to folder: String, type: FloatType = .f16,
    progress: (ConversionProgress) -> Void = { _ in }
  ) throws(ModelConversionError) -> ConversionReport {
    let file = try files { () throws(ModelFileError) in try PackedModelFile(path: packed) }
    let tokenizer = try ExportedTokenizer(file)
    let settings = try HuggingFaceConfiguration(file, tokenizer.definition)
    try makeFolder(folder)
    let report = try writeWeights(
      of: file, settings.shape, to: folder + "/model.safetensors", type, progress)
    try write(tokenizer.tokens, to: folder + "/tokenizer.json")
    try write(tokenizer.configuration, to: folder + "/tokenizer_config.json")
    try write(settings.generation, to: folder + "/generation_config.json")
    try write(settings.config(type), to: folder + "/config.json")
    return report
  }

  private static func makeFolder(_ path: String) throws(ModelConversionError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw .cannotMakeFolder(path: path)
    }
  }

  private static func write(
    _ json: OrderedJSON, to path: String
  ) throws(ModelConversionError) {
    do throws(FileError) { try FileReplacement.write(json.bytes, to: path) } catch {
      throw .file(.file(error))
    }
  }

  private static func writeWeights(
    of file: PackedModelFile, _ shape: ModelShape, to path: String, _ type: FloatType,
    _ progress: (ConversionProgress) -> Void
  ) throws(ModelConversionError) -> ConversionReport {
    let names = HuggingFaceNames(layers: shape.layers)
    let tensors = file.tensors.compactMap { tensor in
      names[tensor.name].map { (name: $0, source: tensor) }
    }
    var writer = try files { () throws(ModelFileError) in
      try SafetensorsWriter(
        path: path,
        tensors: tensors.map { name, source in
          (name, source.rows == 1 ? [source.columns] : [source.rows, source.columns])
        }, type: type)
    }
    var report = ConversionReport()
    for (index, tensor) in tensors.enumerated() {
      for rows in RowBlocks(rows: tensor.source.rows, columns: tensor.source.columns) {
        let floats = tensor.source.weights.floats(rows: rows).values
        guard floats.allSatisfy({ abs($0) <= type.largest }) else {
          throw .tooLargeForType(path: file.path, tensor: tensor.source.name, type: type)
        }
        do throws(ModelFileError) { try writer.append(floats) } catch { throw .file(error) }
      }
      let isExact = type == .f32 && tensor.source.encoding == .float32
      report.count(
        isExact ? .keptExactly : .otherFloat, name: tensor.source.name,
        bytes: tensor.source.rows * tensor.source.columns * type.byteCount)
      progress(ConversionProgress(tensor: tensor.name, done: index + 1, total: tensors.count))
    }
    do throws(ModelFileError) { try writer.commit() } catch { throw .file(error) }
    return report
  }
}

/// The tokenizer of a packed model in Hugging Face's files.
private struct ExportedTokenizer {
  let definition: TokenizerDefinition
  let tokens: OrderedJSON
  let configuration: OrderedJSON

  init(_ file: PackedModelFile) throws(ModelConversionError) {
    do throws(TokenizerError) {
      definition = try TokenizerDefinition(metadata: file.metadata)
      tokens = try definition.huggingFaceTokenizer()
      let context = file.metadata.string("general.architecture")
        .flatMap { file.metadata.integer("\($0).context_length") }
      configuration = try definition.huggingFaceConfiguration(longestText: context ?? 0)
    } catch {
      throw .tokenizer(file: file.path, error)
    }
  }
}

extension PackedTensor {
  /// The tensor's numbers, in place.
  var weights: WeightMatrix {
    switch encoding {
    case .float32: .dense(DenseMatrix(rows: rows, columns: columns, mapped: bytes))
    case .int8Panels: .panels(PanelMatrix(rows: rows, columns: columns, mapped: bytes))
    }
  }
}
