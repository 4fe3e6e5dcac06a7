import Foundation
import ModelFile

/// A small model whose weights are a formula, written by `tools/golden/make_architectures.py`
/// together with what PyTorch says of it.
struct GoldenModel {
  let name: String
  private let content: [String: Any]

  static var all: [GoldenModel] {
    let path = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Golden/architectures.json")
    let json = try? JSONSerialization.jsonObject(with: Data(contentsOf: path))
    return (json as? [[String: Any]] ?? []).map(GoldenModel.init)
  }

  static func named(_ name: String) -> GoldenModel? { all.first { $0.name == name } }

  private init(_ content: [String: Any]) {
    name = content["name"] as? String ?? ""
    self.content = content
  }

  /// PyTorch's answers.
  func expected() throws -> Data { try JSONSerialization.data(withJSONObject: content) }

  /// Writes the model as a Hugging Face folder, and its adapter to the folder `adapter` in it.
  func write(to path: String) throws {
    let adapter = content["adapter"] as? [String: Any] ?? [:]
    try FileManager.default.createDirectory(
      atPath: path + "/adapter", withIntermediateDirectories: true)
    try write(json: content["config"] ?? [:], to: path + "/config.json")
    try write(json: Self.tokenizer, to: path + "/tokenizer.json")
    try writeTensors(content["tensors"], to: path + "/model.safetensors")
    try writeTensors(adapter["tensors"], to: path + "/adapter/adapter_model.safetensors")
    try write(
      json: [
        "peft_type": "LORA", "r": adapter["r"] ?? 0, "lora_alpha": adapter["lora_alpha"] ?? 0,
      ], to: path + "/adapter/adapter_config.json")
  }

  private func writeTensors(_ list: Any?, to path: String) throws {
    let tensors = (list as? [[Any]] ?? []).map { entry in
      (name: entry[0] as? String ?? "", shape: entry[1] as? [Int] ?? [])
    }
    var writer = try SafetensorsWriter(path: path, tensors: tensors)
    for tensor in tensors {
      let values = Self.numbers(tensor.name, count: tensor.shape.reduce(1, *))
      try writer.append(tensor.name.contains("norm") ? values.map { $0 + 1 } : values)
    }
    try writer.commit()
  }

  private func write(json: Any, to path: String) throws {
    try JSONSerialization.data(withJSONObject: json).write(to: URL(filePath: path))
  }

  /// Numbers in [-1/8, 1/8): SplitMix64 of the name's FNV-1a hash and the place.
  private static func numbers(_ name: String, count: Int) -> [Float] {
    let seed = name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3
    }
    return (1...count).map { place in
      var z = seed &+ UInt64(place) &* 0x9e37_79b9_7f4a_7c15
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      z ^= z >> 31
      return Float(Int(z >> 40) - 1 << 23) * 0x1p-26
    }
  }

  /// The least that is a tokenizer; the tests give ids.
  private static var tokenizer: [String: Any] {
    [
      "model": ["type": "BPE", "vocab": ["a": 0, "b": 1, "ab": 2], "merges": ["a b"]],
      "pre_tokenizer": ["type": "ByteLevel", "add_prefix_space": false, "use_regex": true],
      "decoder": ["type": "ByteLevel"], "added_tokens": [] as [String],
    ]
  }
}
