import ArgumentParser
import Bytes
import ModelFile
import SynPO
import Tokenization
import Transformer

struct ModelInfo: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "What a packed model or a GGUF file says of itself.")

  @Argument(help: "embedded, a packed model or a GGUF file.", completion: .file())
  var model: String

  @Flag(help: "One JSON object.") var json = false

  func run() throws {
    try tell(facts(), json: json)
  }

  private func facts() throws -> ModelFacts {
    if model == "embedded" { return try ModelFacts(.embedded()) }
    try checkReadable(model)
    guard GGUFFile.isGGUF(path: model) else { return try ModelFacts(PackedModelFile(path: model)) }
    return try ModelFacts(GGUFFile(path: model))
  }
}

/// What there is to say about a model file.
struct ModelFacts: Facts {
  var path: String
  var format: String
  var name: String?
  var architecture: String
  var parameters: Int
  var bytes: Int
  var layers: Int
  var width: Int
  var feedForward: Int
  var heads: Int
  var keyValueHeads: Int
  var headSize: Int
  var vocabulary: Int
  var context: Int
  var slidingWindow: Int?
  var ropeBase: Float
  /// How positions are stretched; nil where they are not.
  var ropeScaling: String?
  var tokenizer: String
  var chatTemplate: Bool
  /// Tensors by how their numbers are stored.
  var encodings: [String: Int]
  var fingerprint: String?

  init(_ file: PackedModelFile) throws {
    try self.init(
      path: file.path, format: "packed", metadata: file.metadata,
      tensors: file.tensors.map {
        TensorFacts(
          name: $0.name, rows: $0.rows, columns: $0.columns, bytes: $0.bytes.count,
          encoding: $0.encoding == .float32 ? "f32" : "int8")
      })
    fingerprint = file.fingerprint
  }

  init(_ file: GGUFFile) throws {
    try self.init(
      path: file.path, format: "GGUF \(file.version)", metadata: file.metadata,
      tensors: file.tensors.map {
        TensorFacts(
          name: $0.name, rows: $0.rows, columns: $0.columns, bytes: $0.range.count,
          encoding: $0.type.name.lowercased())
      })
  }

  private struct TensorFacts {
    var name: String
    var rows: Int
    var columns: Int
    var bytes: Int
    var encoding: String
  }

  private init(path: String, format: String, metadata: Metadata, tensors: [TensorFacts]) throws {
    let vocabulary = tensors.first { $0.name == "token_embd.weight" }?.rows ?? 0
    let shape = try ModelShape(metadata: metadata, vocabulary: vocabulary, path: path)
    let definition = try TokenizerDefinition(metadata: metadata)
    self.path = path
    self.format = format
    name = metadata.string("general.name")
    architecture = shape.architecture.rawValue
    parameters = tensors.reduce(0) { $0 + $1.rows * $1.columns }
    bytes = tensors.reduce(0) { $0 + $1.bytes }
    layers = shape.layers
    width = shape.width
    feedForward = shape.feedForward
    heads = shape.heads
    keyValueHeads = shape.keyValueHeads
    headSize = shape.headSize
    self.vocabulary = vocabulary
    context = shape.context
    slidingWindow = shape.slidingWindow
    ropeBase = shape.ropeBase
    ropeScaling = Self.scaling(shape, tensors.map(\.name))
    tokenizer = definition.kind.name
    chatTemplate = definition.chatTemplate != nil
    encodings = Dictionary(tensors.map { ($0.encoding, 1) }, uniquingKeysWith: +)
  }

  private static func scaling(_ shape: ModelShape, _ tensors: [String]) -> String? {
    if tensors.contains(ModelWeights.ropeFactorsName) { return "by frequency, as Llama 3.1" }
    return shape.ropeScale == 1 ? nil : "by \(decimal(Double(shape.ropeScale)))"
  }

  var text: String {
    let stored = encodings.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
    var rows = [
      ("format", format), ("architecture", architecture), ("parameters", grouped(parameters)),
      ("weights", "\(ByteCount(bytes)); tensors: \(stored.joined(separator: ", "))"),
      ("layers", "\(layers)"), ("width", "\(width), feed-forward \(feedForward)"),
      ("heads", "\(heads) of size \(headSize), \(keyValueHeads) for keys and values"),
      ("vocabulary", grouped(vocabulary)), ("context", "\(grouped(context)) tokens"),
      ("rope base", decimal(Double(ropeBase))), ("tokenizer", tokenizer),
      ("chat template", chatTemplate ? "yes" : "no"),
    ]
    if let name { rows.insert(("name", name), at: 0) }
    if let ropeScaling { rows.append(("rope scaling", ropeScaling)) }
    if let slidingWindow { rows.append(("attention window", "\(slidingWindow) tokens")) }
    if let fingerprint { rows.append(("fingerprint", fingerprint)) }
    return "\(path)\n" + columns(rows)
  }
}

extension TokenizerDefinition.Kind {
  var name: String {
    switch self {
    case .byteLevelBPE(let words): "byte-level BPE, words as \(words.rawValue)"
    case .sentencePieceBPE: "SentencePiece BPE"
    }
  }
}
