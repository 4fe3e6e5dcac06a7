import Foundation
import ModelConversion
import ModelFile
import TestSupport
import Testing
import Transformer

@Suite(.enabled(if: Shared.isPresent))
struct SafetensorsExportTests {
  @Test(arguments: ["llama", "llama-tied", "mistral", "qwen2"])
  func `a folder that goes in comes out with the same numbers, settings and tokens`(
    name: String
  ) throws {
    let folder = try TemporaryFolder()
    let original = try HuggingFaceFolder(path: Shared.path("fixtures/\(name)"))
    try ModelImport.run(from: original.path, to: folder.file("packed"), encoding: .float32)
    let report = try ModelExport.safetensors(
      from: folder.file("packed"), to: folder.file("out"), type: .f32)
    let copy = try HuggingFaceFolder(path: folder.file("out"))
    let (before, after) = (try original.openTensors(), try copy.openTensors())
    #expect(Set(after.names) == Set(before.names))
    #expect(report.keptExactly == before.names.count)
    for tensor in before.names {
      let rows = try #require(before.tensor(tensor)).rows
      #expect(
        try after.floats(of: tensor, rows: 0..<rows) == before.floats(of: tensor, rows: 0..<rows))
    }
    for key in [
      "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "rms_norm_eps",
      "num_attention_heads", "num_key_value_heads", "max_position_embeddings",
      "tie_word_embeddings", "architectures", "hidden_act",
    ] where original.config["model_type"] == copy.config["model_type"] {
      #expect(copy.config[key]?.number == original.config[key]?.number, "\(key)")
      #expect(copy.config[key]?.flag == original.config[key]?.flag, "\(key)")
    }
    // What is imported again is the same model to the last bit.
    try ModelImport.run(from: copy.path, to: folder.file("again"), encoding: .float32)
    let (first, second) = (
      try PackedModelFile(path: folder.file("packed")),
      try PackedModelFile(path: folder.file("again"))
    )
    for key in first.metadata.keys where key != "general.name" {
      #expect(second.metadata[key] == first.metadata[key], "\(key)")
    }
    for tensor in first.tensors {
      #expect(floats(second, tensor.name) == floats(first, tensor.name))
    }
  }

  @Test func `the numbers behind a stretched rope come out as they went in`() throws {
    let model = try ModelFolder("llama")
    let rope: [String: Any] = [
      "rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4,
      "original_max_position_embeddings": 64,
    ]
    try model.configure(["rope_scaling": rope, "rope_parameters": nil, "rope_theta": 500_000])
    let folder = model.folder
    try ModelImport.run(from: model.path, to: folder.file("packed"))
    try ModelExport.safetensors(from: folder.file("packed"), to: folder.file("out"))
    let config = try HuggingFaceFolder(path: folder.file("out")).config
    #expect(config["rope_theta"]?.number == 500_000)
    for (key, value) in rope where key != "rope_type" {
      #expect(config["rope_scaling"]?[key]?.integer == value as? Int, "\(key)")
    }
    // By GGUF, which keeps the divisors: 1 for the shortest wave, 8 for the longest.
    try ModelExport.gguf(from: folder.file("packed"), to: folder.file("gguf"), type: .f16)
    let gguf = try GGUFFile(path: folder.file("gguf"))
    let divisors = floats(gguf, "rope_freqs.weight")
    #expect(divisors.count == 8 && divisors.first == 1 && divisors.last == 8)
    #expect(zip(divisors, divisors.dropFirst()).allSatisfy { $0 <= $1 })
    try ModelImport.run(from: folder.file("gguf"), to: folder.file("again"))
    let again = try PackedModelFile(path: folder.file("again"))
    #expect(floats(again, "rope_freqs.weight") == divisors)
  }

  @Test func `a weight beyond float16 is refused, and nothing is left behind`() throws {
    let model = try ModelFolder("llama")
    try model.rewriteTensors { $0[1].values[3] = 70_000 }
    let folder = model.folder
    try ModelImport.run(from: model.path, to: folder.file("packed"), encoding: .float32)
    #expect(throws: ModelConversionError.self) {
      try ModelExport.safetensors(from: folder.file("packed"), to: folder.file("out"), type: .f16)
    }
    #expect(!HuggingFaceFolder.isModelFolder(path: folder.file("out")))
    #expect(throws: ModelConversionError.self) {
      try ModelExport.gguf(from: folder.file("packed"), to: folder.file("gguf"), type: .f16)
    }
    try ModelExport.safetensors(from: folder.file("packed"), to: folder.file("out"), type: .bf16)
  }

  @Test func `biases that the architecture has no place for are refused`() throws {
    let model = try ModelFolder("llama")
    try model.rewriteTensors { tensors in
      for layer in 0..<3 {
        tensors.append(
          FloatTensor(
            name: "model.layers.\(layer).self_attn.q_proj.bias", shape: [64],
            values: Array(repeating: 1, count: 64)))
      }
    }
    try ModelImport.run(from: model.path, to: model.folder.file("packed"))
    #expect(throws: ModelConversionError.self) {
      try ModelExport.safetensors(
        from: model.folder.file("packed"), to: model.folder.file("out"))
    }
  }
}
