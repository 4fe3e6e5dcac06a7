import Bytes
import Foundation

/// A model folder as Hugging Face lays it out: configuration, tokenizer, and safetensors in one or
/// several files.
public struct HuggingFaceFolder: Sendable {
  public let path: String
  /// `config.json`
  public let config: ConfigValue
  /// `generation_config.json`, where there is one.
  public let generationConfig: ConfigValue?
  /// The bytes of `tokenizer_config.json`, where there is one.
  public let tokenizerConfig: [UInt8]?
  /// The bytes of `special_tokens_map.json`, where there is one.
  public let specialTokensMap: [UInt8]?
  /// `chat_template.jinja`, where there is one; older folders have it in `tokenizer_config.json`.
  public let chatTemplate: String?

  /// Larger files of their kind are refused before they are read.
  enum Limits {
    static let settings = 64 << 20
    static let template = 1 << 20
    static let tokenizer = 256 << 20
  }

  public init(path: String) throws(ModelFileError) {
    self.path = path
    let folder = Folder(path: path)
    guard let config = try folder.json("config.json") else {
      throw .missing(file: path, what: "config.json")
    }
    self.config = config
    generationConfig = try folder.json("generation_config.json")
    tokenizerConfig = try folder.bytes("tokenizer_config.json", limit: Limits.settings)
    specialTokensMap = try folder.bytes("special_tokens_map.json", limit: Limits.settings)
    chatTemplate = try folder.text("chat_template.jinja", limit: Limits.template)
  }

  /// Whether there is a folder with a `config.json` at `path`.
  public static func isModelFolder(path: String) -> Bool {
    FileManager.default.fileExists(atPath: path + "/config.json")
  }

  /// The bytes of `tokenizer.json`.
  public func tokenizerJSON() throws(ModelFileError) -> [UInt8] {
    let folder = Folder(path: path)
    guard let bytes = try folder.bytes("tokenizer.json", limit: Limits.tokenizer) else {
      throw .missing(file: path, what: "tokenizer.json")
    }
    return bytes
  }

  /// Opens `model.safetensors`, or all the files that `model.safetensors.index.json` names.
  ///
  /// - Throws: where a file is missing, and where the index and the files do not agree on which
  ///   tensor is where.
  public func openTensors() throws(ModelFileError) -> ShardedTensors {
    let folder = Folder(path: path)
    guard let index = try folder.json(Self.index) else {
      guard folder.has("model.safetensors") else {
        throw .missing(file: path, what: "model.safetensors or \(Self.index)")
      }
      return try ShardedTensors([SafetensorsFile(path: path + "/model.safetensors")])
    }
    let places = try shardNames(index)
    var shards: [SafetensorsFile] = []
    for name in Set(places.values).sorted() {
      guard folder.has(name) else {
        throw .missing(file: path, what: "\(name), which its index names")
      }
      shards.append(try SafetensorsFile(path: path + "/" + name))
    }
    let tensors = try ShardedTensors(shards)
    for (tensor, name) in places.sorted(by: { $0.key < $1.key }) {
      try require(tensor, in: name, of: tensors)
    }
    return tensors
  }

  private static let index = "model.safetensors.index.json"
  private var indexPath: String { path + "/" + Self.index }

  /// The files of this folder by the tensors that the index puts there.
  private func shardNames(_ index: ConfigValue) throws(ModelFileError) -> [String: String] {
    guard case .object(let places)? = index["weight_map"] else {
      throw .missing(file: indexPath, what: "weight_map")
    }
    var names: [String: String] = [:]
    for (tensor, place) in places {
      guard let name = place.string, name.hasSuffix(".safetensors"), !name.contains("/") else {
        throw .malformed(
          file: indexPath, place: "weight_map",
          problem: "\(place.string ?? "a value") is not a file of this folder")
      }
      names[tensor] = name
    }
    return names
  }

  private func require(
    _ tensor: String, in name: String, of tensors: ShardedTensors
  ) throws(ModelFileError) {
    guard let found = tensors.path(of: tensor) else {
      throw .missing(file: path, what: "tensor \(tensor), which its index names")
    }
    guard found == path + "/" + name else {
      throw .wrongShard(index: indexPath, tensor: tensor, named: name, found: found)
    }
  }
}

/// Tensors of one model from one or several files.
public struct ShardedTensors: Sendable {
  private let files: [SafetensorsFile]
  private let places: [String: Int]

  /// - Throws: where a tensor is in two files.
  public init(_ files: [SafetensorsFile]) throws(ModelFileError) {
    self.files = files
    var places: [String: Int] = [:]
    for (index, file) in files.enumerated() {
      for name in file.names {
        if let first = places.updateValue(index, forKey: name) {
          throw .inTwoShards(tensor: name, first: files[first].path, second: file.path)
        }
      }
    }
    self.places = places
  }

  /// All names, file by file, in the order of their bytes.
  public var names: [String] { files.flatMap(\.names) }

  public func tensor(_ name: String) -> SafetensorsTensor? {
    places[name].flatMap { files[$0].tensor(name) }
  }

  /// The file that holds a tensor.
  func path(of name: String) -> String? { places[name].map { files[$0].path } }

  /// The numbers of some rows, row-major.
  public func floats(
    of name: String, rows: Range<Int>
  ) throws(ModelFileError) -> [Float] {
    guard let place = places[name], let tensor = files[place].tensor(name) else {
      throw .missing(file: files.first?.path ?? "", what: "tensor \(name)")
    }
    return try files[place].floats(of: tensor, rows: rows)
  }
}

/// Reads small files of a folder whole, up to a limit.
private struct Folder {
  let path: String

  func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }

  /// nil where there is no such file.
  func bytes(_ name: String, limit: Int) throws(ModelFileError) -> [UInt8]? {
    guard has(name) else { return nil }
    let file = path + "/" + name
    let open = try files { () throws(FileError) in try OpenFile(path: file) }
    let byteCount = try files { () throws(FileError) in try open.byteCount() }
    guard byteCount <= limit else { throw .tooLarge(file: file, bytes: byteCount, limit: limit) }
    var bytes: [UInt8] = []
    while bytes.count < byteCount {
      let wanted = byteCount - bytes.count
      let piece = try files { () throws(FileError) in try open.read(upTo: wanted) }
      if piece.isEmpty { break }
      bytes += piece
    }
    return bytes
  }

  func json(_ name: String) throws(ModelFileError) -> ConfigValue? {
    guard let bytes = try bytes(name, limit: HuggingFaceFolder.Limits.settings) else { return nil }
    return try decodeJSON(ConfigValue.self, bytes, file: path + "/" + name)
  }

  func text(_ name: String, limit: Int) throws(ModelFileError) -> String? {
    guard let bytes = try bytes(name, limit: limit) else { return nil }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .malformed(file: path + "/" + name, place: "text", problem: "not UTF-8")
    }
    return text
  }
}
