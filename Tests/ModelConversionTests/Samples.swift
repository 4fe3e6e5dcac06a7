import Bytes
import Foundation
import ModelFile
import TestSupport

/// A copy of a fixture's folder that a test may change.
struct ModelFolder {
  let folder: TemporaryFolder
  var path: String { folder.file("model") }

  init(_ fixture: String) throws {
    folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.file("model"), withIntermediateDirectories: false)
    for name in [
      "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
      "chat_template.jinja", "model.safetensors",
    ] {
      let data = try Data(contentsOf: URL(filePath: Shared.path("fixtures/\(fixture)/\(name)")))
      try data.write(to: URL(filePath: folder.file("model/\(name)")))
    }
  }

  /// Changes settings in `config.json`; nil removes one.
  func configure(_ changes: [String: Any?]) throws {
    let url = URL(filePath: path + "/config.json")
    let json = try JSONSerialization.jsonObject(with: Data(contentsOf: url))
    var config = json as? [String: Any] ?? [:]
    for (key, value) in changes { config[key] = value }
    try JSONSerialization.data(withJSONObject: config).write(to: url)
  }

  /// Writes the tensors again after `change`.
  func rewriteTensors(_ change: (inout [FloatTensor]) -> Void) throws {
    let file = try SafetensorsFile(path: path + "/model.safetensors")
    var tensors = try file.tensors.map { tensor in
      FloatTensor(
        name: tensor.name, shape: tensor.shape,
        values: try file.floats(of: tensor, rows: 0..<tensor.rows))
    }
    change(&tensors)
    var writer = try SafetensorsWriter(
      path: path + "/model.safetensors", tensors: tensors.map { ($0.name, $0.shape) })
    for tensor in tensors { try writer.append(tensor.values) }
    try writer.commit()
  }
}

struct FloatTensor {
  var name: String
  var shape: [Int]
  var values: [Float]
}

/// All numbers of a tensor of a GGUF file.
func floats(_ file: GGUFFile, _ name: String) -> [Float] {
  guard let tensor = file.tensor(name) else { return [] }
  return file.floats(of: tensor, rows: 0..<tensor.rows)
}

/// All numbers of a tensor of a safetensors file.
func floats(_ file: SafetensorsFile, _ name: String) throws -> [Float] {
  guard let tensor = file.tensor(name) else { return [] }
  return try file.floats(of: tensor, rows: 0..<tensor.rows)
}

/// All numbers of a float32 tensor of a packed file.
func floats(_ file: PackedModelFile, _ name: String) -> [Float] {
  guard let tensor = file.tensor(name), tensor.encoding == .float32 else { return [] }
  return tensor.bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
}

/// The rows as llama.cpp's converter puts them: each head seen as [2, d/2] is turned to [d/2, 2].
func interleaved(_ values: [Float], columns: Int, headSize d: Int) -> [Float] {
  var result: [Float] = []
  for head in 0..<values.count / columns / d {
    for pair in 0..<d / 2 {
      for member in 0..<2 {
        let row = (head * 2 + member) * (d / 2) + pair
        result += values[row * columns..<(row + 1) * columns]
      }
    }
  }
  return result
}

let stories = "data/stories260k/stories260K"
