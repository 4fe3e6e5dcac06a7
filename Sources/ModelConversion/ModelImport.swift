import ModelFile
import Tokenization
public import Transformer

/// Turns a GGUF file or a Hugging Face folder into a packed model.
///
/// Matrices stored as Q8_0 keep their codes and scales bit for bit; others are rounded by the same
/// rule. Memory does not depend on the model's size. A model that would not compute the same here
/// as elsewhere is refused.
public enum ModelImport {
  /// - Parameters:
  ///   - others: names of tensors beside the model's that are left out instead of refused, such as
  ///     a reward model's head.
  ///   - progress: called after each tensor, on the caller's thread.
  /// - Returns: what became of the tensors.
  @discardableResult
  public static func run(
    from path: String, to output: String, encoding: WeightEncoding = .int8,
    passingOver others: Set<String> = [],
    progress: (ConversionProgress) -> Void = { _ in }
  ) throws(ModelConversionError) -> ConversionReport {
    if HuggingFaceFolder.isModelFolder(path: path) {
      let folder = try files { () throws(ModelFileError) in try HuggingFaceFolder(path: path) }
      var (source, metadata) = try open(folder)
      source.passedOver = others
      return try pack(source, metadata, to: output, encoding, progress)
    }
    guard GGUFFile.isGGUF(path: path) else { throw .unknownKind(path: path) }
    let file = try files { () throws(ModelFileError) in try GGUFFile(path: path) }
    let (source, metadata) = try open(file)
    return try pack(source, metadata, to: output, encoding, progress)
  }

  private static func pack(
    _ source: some WeightSource, _ metadata: Metadata, to output: String,
    _ encoding: WeightEncoding, _ progress: (ConversionProgress) -> Void
  ) throws(ModelConversionError) -> ConversionReport {
    let tensors = try ModelTensor.found(in: source, metadata)
    let packing = Packing(source: source, encoding: encoding)
    let shapes = tensors.map { packing.shape(of: $0) }
    var writer = try files { () throws(ModelFileError) in
      try PackedModelWriter(path: output, metadata: metadata, tensors: shapes)
    }
    var report = ConversionReport()
    for (index, tensor) in tensors.enumerated() {
      let bytes = try packing.write(tensor, to: &writer)
      report.count(packing.fate(of: tensor), name: tensor.name, bytes: bytes)
      progress(ConversionProgress(tensor: tensor.name, done: index + 1, total: tensors.count))
    }
    do throws(ModelFileError) { report.fingerprint = try writer.commit() } catch {
      throw .file(error)
    }
    return report
  }
}

extension ModelImport {
  /// Keys that say how a GGUF file is stored, not what the model is.
  private static let storageKeys: Set = [
    "general.file_type", "general.quantization_version", "general.alignment",
  ]

  private static func open(
    _ file: GGUFFile
  ) throws(ModelConversionError) -> (GGUFSource, Metadata) {
    if let parts = file.metadata.integer("split.count"), parts > 1 {
      throw .unsupported(
        path: file.path, what: "a model split into \(parts) files (merge them first)")
    }
    guard let embedding = file.tensor("token_embd.weight") else {
      throw .missingTensor(path: file.path, name: "token_embd.weight")
    }
    let shape = try model { () throws(TransformerError) in
      try ModelShape(metadata: file.metadata, vocabulary: embedding.rows, path: file.path)
    }
    var metadata = file.metadata
    for key in metadata.keys where storageKeys.contains(key) || key.hasPrefix("quantize.") {
      metadata[key] = nil
    }
    try checkTokenizer(metadata, vocabulary: embedding.rows, path: file.path)
    let isInterleaved = shape.architecture == .llama
    return (
      GGUFSource(file: file, interleavedHeadSize: isInterleaved ? shape.headSize : nil), metadata
    )
  }

  private static func checkTokenizer(
    _ metadata: Metadata, vocabulary: Int, path: String
  ) throws(ModelConversionError) {
    do throws(TokenizerError) {
      let tokenizer = try Tokenizer(metadata: metadata)
      guard tokenizer.vocabularySize <= vocabulary else {
        throw .lengthMismatch(
          what: "the embedding", count: vocabulary, tokens: tokenizer.vocabularySize)
      }
    } catch {
      throw .tokenizer(file: path, error)
    }
  }
}

extension ModelImport {
  private static func open(
    _ folder: HuggingFaceFolder
  ) throws(ModelConversionError) -> (SafetensorsSource, Metadata) {
    let settings = HuggingFaceSettings(path: folder.path, config: folder.config)
    let tensors = try files { () throws(ModelFileError) in try folder.openTensors() }
    guard let embedding = tensors.tensor("model.embed_tokens.weight") else {
      throw .missingTensor(path: folder.path, name: "model.embed_tokens.weight")
    }
    var metadata = try settings.metadata(name: folder.name, vocabulary: embedding.rows)
    let shape = try model { () throws(TransformerError) in
      try ModelShape(metadata: metadata, vocabulary: embedding.rows, path: folder.path)
    }
    let tokenizer = try tokenizer(of: folder, vocabulary: embedding.rows)
    for key in tokenizer.keys { metadata[key] = tokenizer[key] }
    try checkTokenizer(metadata, vocabulary: embedding.rows, path: folder.path)
    let source = SafetensorsSource(
      path: folder.path, tensors: tensors,
      huggingFaceNames: HuggingFaceNames(layers: shape.layers),
      ropeFactors: try settings.ropeFactors(shape),
      tiesEmbeddings: settings.tiesEmbeddings)
    return (source, metadata)
  }

  private static func tokenizer(
    of folder: HuggingFaceFolder, vocabulary: Int
  ) throws(ModelConversionError) -> Metadata {
    let json = try files { () throws(ModelFileError) in try folder.tokenizerJSON() }
    do throws(TokenizerError) {
      var definition = try TokenizerDefinition(
        tokenizerJSON: json, tokenizerConfig: folder.tokenizerConfig,
        specialTokensMap: folder.specialTokensMap, chatTemplateFile: folder.chatTemplate)
      definition.pad(to: vocabulary)
      definition.setEnds(folder.endIDs)
      return definition.metadata
    } catch {
      throw .tokenizer(file: folder.path, error)
    }
  }
}

extension HuggingFaceFolder {
  /// The folder's own name.
  fileprivate var name: String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  /// The ids that end an answer, by `generation_config.json` or else `config.json`.
  fileprivate var endIDs: [Int32] {
    let value = generationConfig?["eos_token_id"] ?? config["eos_token_id"]
    let ids = value?.array ?? [value].compactMap(\.self)
    return ids.compactMap { $0.integer.flatMap(Int32.init(exactly:)) }
  }
}

extension TokenizerDefinition {
  /// Embeddings often have more rows than there are tokens; other programs want a token for each.
  fileprivate mutating func pad(to count: Int) {
    guard tokens.count < count else { return }
    if !scores.isEmpty {
      scores += [Float](repeating: -1000, count: count - tokens.count)
    }
    types += [TokenType](repeating: .unused, count: count - tokens.count)
    tokens += (tokens.count..<count).map { "[PAD\($0)]" }
  }

  /// The first id that is not the tokenizer's own end ends a turn, a second one a message.
  fileprivate mutating func setEnds(_ ids: [Int32]) {
    for id in ids where id >= 0 && id < tokens.count {
      if eosID == nil { eosID = id }
      if [eosID, eotID, eomID].contains(id) { continue }
      if eotID == nil { eotID = id } else if eomID == nil { eomID = id }
    }
  }
}
