import Foundation
import ModelConversion
import ModelFile
import TestSupport
import Testing
import Transformer

@Suite(.enabled(if: Shared.isPresent))
struct HuggingFaceImportTests {
  /// GGUF's names and Hugging Face's, for the layer 1.
  static let names = [
    ("token_embd.weight", "model.embed_tokens.weight"), ("output_norm.weight", "model.norm.weight"),
    ("output.weight", "lm_head.weight"),
    ("blk.1.attn_norm.weight", "model.layers.1.input_layernorm.weight"),
    ("blk.1.ffn_norm.weight", "model.layers.1.post_attention_layernorm.weight"),
    ("blk.1.attn_q.weight", "model.layers.1.self_attn.q_proj.weight"),
    ("blk.1.attn_k.weight", "model.layers.1.self_attn.k_proj.weight"),
    ("blk.1.attn_v.weight", "model.layers.1.self_attn.v_proj.weight"),
    ("blk.1.attn_output.weight", "model.layers.1.self_attn.o_proj.weight"),
    ("blk.1.ffn_gate.weight", "model.layers.1.mlp.gate_proj.weight"),
    ("blk.1.ffn_up.weight", "model.layers.1.mlp.up_proj.weight"),
    ("blk.1.ffn_down.weight", "model.layers.1.mlp.down_proj.weight"),
    ("blk.1.attn_q.bias", "model.layers.1.self_attn.q_proj.bias"),
    ("blk.1.attn_k.bias", "model.layers.1.self_attn.k_proj.bias"),
    ("blk.1.attn_v.bias", "model.layers.1.self_attn.v_proj.bias"),
  ]

  @Test(arguments: ["llama", "llama-tied", "mistral", "qwen2"])
  func `a folder becomes a packed file and a GGUF file with the same floats`(name: String) throws {
    let folder = try TemporaryFolder()
    let source = try SafetensorsFile(path: Shared.path("fixtures/\(name)/model.safetensors"))
    let report = try ModelImport.run(
      from: Shared.path("fixtures/\(name)"), to: folder.file("packed"), encoding: .float32)
    #expect(report.tensors == source.tensors.count)
    #expect(report.keptExactly == source.tensors.count)
    try ModelExport.gguf(from: folder.file("packed"), to: folder.file("gguf"), type: .f32)
    let packed = try PackedModelFile(path: folder.file("packed"))
    let gguf = try GGUFFile(path: folder.file("gguf"))
    for (ours, theirs) in Self.names where source.tensor(theirs) != nil {
      let values = try floats(source, theirs)
      #expect(floats(packed, ours) == values, "\(ours)")
      let isRotated = name != "qwen2" && (ours.contains("attn_q") || ours.contains("attn_k"))
      let expected = isRotated ? interleaved(values, columns: 64, headSize: 16) : values
      #expect(floats(gguf, ours) == expected, "\(ours)")
      #expect(
        gguf.tensor(ours)?.dimensions.count
          == (ours.contains("norm") || ours.contains("bias") ? 1 : 2))
    }
    // And back from the GGUF file.
    try ModelImport.run(from: folder.file("gguf"), to: folder.file("again"), encoding: .float32)
    let again = try PackedModelFile(path: folder.file("again"))
    for tensor in packed.tensors {
      #expect(floats(again, tensor.name) == floats(packed, tensor.name))
    }
  }

  @Test func `settings and tokenizer become GGUF's keys`() throws {
    let folder = try TemporaryFolder()
    try ModelImport.run(from: Shared.path("fixtures/mistral"), to: folder.file("packed"))
    let metadata = try PackedModelFile(path: folder.file("packed")).metadata
    #expect(metadata.string("general.architecture") == "llama")
    #expect(metadata.string("general.name") == "mistral")
    #expect(metadata.integer("llama.vocab_size") == 469)
    #expect(metadata.integer("llama.context_length") == 512)
    #expect(metadata.integer("llama.embedding_length") == 64)
    #expect(metadata.integer("llama.block_count") == 3)
    #expect(metadata.integer("llama.feed_forward_length") == 160)
    #expect(metadata.integer("llama.attention.head_count") == 4)
    #expect(metadata.integer("llama.attention.head_count_kv") == 2)
    #expect(metadata.integer("llama.rope.dimension_count") == 16)
    #expect(metadata.number("llama.rope.freq_base") == 10000)
    #expect(metadata["llama.attention.layer_norm_rms_epsilon"] == .f32(1e-5))
    #expect(metadata["llama.attention.sliding_window"] == nil)
    #expect(metadata.texts("tokenizer.ggml.tokens")?.count == 469)
    #expect(metadata.integer("tokenizer.ggml.bos_token_id") == 0)
    #expect(metadata.integer("tokenizer.ggml.eos_token_id") == 1)
    #expect(metadata.string("tokenizer.chat_template")?.contains("<|im_start|>") == true)
  }

  @Test func `matrices are packed, and vectors stay floats`() throws {
    let folder = try TemporaryFolder()
    let report = try ModelImport.run(
      from: Shared.path("fixtures/llama"), to: folder.file("packed"), encoding: .int8)
    #expect((report.quantised, report.keptExactly) == (3 * 7 + 2, 3 * 2 + 1))
    #expect(report.leftInFloat.isEmpty)
    let packed = try PackedModelFile(path: folder.file("packed"))
    for tensor in packed.tensors {
      #expect(tensor.encoding == (tensor.rows > 1 ? .int8Panels : .float32), "\(tensor.name)")
    }
  }

  @Test func `older settings mean the same as newer ones`() throws {
    let model = try ModelFolder("llama")
    try model.configure([
      "rope_parameters": nil, "rope_theta": 5000, "head_dim": nil,
      "num_key_value_heads": 2, "rope_scaling": nil,
    ])
    try ModelImport.run(from: model.path, to: model.folder.file("packed"))
    let metadata = try PackedModelFile(path: model.folder.file("packed")).metadata
    #expect(metadata.number("llama.rope.freq_base") == 5000)
    #expect(metadata.integer("llama.attention.key_length") == 16)
  }

  @Test func `a sliding window is kept`() throws {
    let model = try ModelFolder("mistral")
    try model.configure(["sliding_window": 16])
    try ModelImport.run(from: model.path, to: model.folder.file("packed"))
    let metadata = try PackedModelFile(path: model.folder.file("packed")).metadata
    #expect(metadata.integer("llama.attention.sliding_window") == 16)
  }

  @Test func `several ends of an answer are all kept`() throws {
    let model = try ModelFolder("llama")
    try Data(#"{"eos_token_id": [1, 3]}"#.utf8)
      .write(to: URL(filePath: model.path + "/generation_config.json"))
    try ModelImport.run(from: model.path, to: model.folder.file("packed"))
    let metadata = try PackedModelFile(path: model.folder.file("packed")).metadata
    #expect(metadata.integer("tokenizer.ggml.eos_token_id") == 1)
    #expect(metadata.integer("tokenizer.ggml.eot_token_id") == 3)
  }

  @Test func `an embedding with more rows than tokens gets tokens that are never used`() throws {
    let model = try ModelFolder("llama-tied")
    try model.rewriteTensors { tensors in
      for index in tensors.indices where tensors[index].name == "model.embed_tokens.weight" {
        tensors[index].shape = [480, 64]
        tensors[index].values += [Float](repeating: 0, count: 11 * 64)
      }
    }
    try ModelImport.run(from: model.path, to: model.folder.file("packed"))
    let metadata = try PackedModelFile(path: model.folder.file("packed")).metadata
    #expect(metadata.texts("tokenizer.ggml.tokens")?.count == 480)
    #expect(metadata.strings("tokenizer.ggml.tokens")?.last == "[PAD479]")
    #expect(metadata.integers("tokenizer.ggml.token_type")?.last == 5)
  }

  @Test func `biases of a llama follow the order of their rows`() throws {
    let model = try ModelFolder("llama")
    let bias = (0..<64).map { Float($0) }
    try model.rewriteTensors { tensors in
      for layer in 0..<3 {
        let name = "model.layers.\(layer).self_attn.q_proj.bias"
        tensors.append(FloatTensor(name: name, shape: [64], values: bias))
      }
    }
    let folder = model.folder
    try ModelImport.run(from: model.path, to: folder.file("packed"))
    try ModelExport.gguf(from: folder.file("packed"), to: folder.file("gguf"))
    #expect(floats(try PackedModelFile(path: folder.file("packed")), "blk.2.attn_q.bias") == bias)
    let gguf = try GGUFFile(path: folder.file("gguf"))
    #expect(floats(gguf, "blk.2.attn_q.bias") == interleaved(bias, columns: 1, headSize: 16))
    try ModelImport.run(from: folder.file("gguf"), to: folder.file("again"))
    #expect(floats(try PackedModelFile(path: folder.file("again")), "blk.2.attn_q.bias") == bias)
  }

  static let refused: [(String, [String: JSONSetting])] = [
    ("an unknown architecture", ["model_type": "gpt_neox"]),
    ("a rope factor that is missing", ["rope_scaling": ["type": "linear"]]),
    ("a rope factor of nothing", ["rope_scaling": ["type": "linear", "factor": 0]]),
    ("rope numbers that are missing", ["rope_parameters": ["rope_type": "llama3", "factor": 8]]),
    ("unknown rope scaling in the old place", ["rope_scaling": ["type": "dynamic", "factor": 2]]),
    ("unknown rope scaling in the new place", ["rope_parameters": ["rope_type": "yarn"]]),
    ("another activation", ["hidden_act": "gelu"]),
    ("a part of the head rotated", ["partial_rotary_factor": 0.5]),
    ("a negative width", ["hidden_size": -64]),
    ("a width in words", ["hidden_size": "wide"]),
    ("no layers", ["num_hidden_layers": 0]),
    ("too many layers", ["num_hidden_layers": 4]),
    ("too few layers", ["num_hidden_layers": 2]),
    ("layers without end", ["num_hidden_layers": 4_294_967_295]),
    ("another feed-forward width", ["intermediate_size": 128]),
    ("heads that do not divide", ["num_attention_heads": 3]),
    ("a quantised checkpoint", ["quantization_config": ["bits": 4]]),
  ]

  @Test(arguments: refused)
  func `what would compute something else is refused`(
    name: String, changes: [String: JSONSetting]
  ) throws {
    let model = try ModelFolder("llama")
    try model.configure(changes.mapValues(\.value))
    #expect(throws: ModelConversionError.self) {
      try ModelImport.run(from: model.path, to: model.folder.file("packed"))
    }
    #expect(!FileManager.default.fileExists(atPath: model.folder.file("packed")))
  }

  @Test func `the supported architectures are listed`() throws {
    let model = try ModelFolder("llama")
    try model.configure(["model_type": "gpt_neox"])
    #expect(
      throws: ModelConversionError.unknownArchitecture(
        path: model.path, name: "gpt_neox", supported: ["llama", "mistral", "qwen2", "qwen3"])
    ) { try ModelImport.run(from: model.path, to: model.folder.file("packed")) }
  }

  @Test func `a missing tensor, one too many and one with no number are named`() throws {
    let missing = try ModelFolder("llama")
    try missing.rewriteTensors { $0.removeAll { $0.name == "model.norm.weight" } }
    #expect(
      throws: ModelConversionError.missingTensor(path: missing.path, name: "output_norm.weight")
    ) { try ModelImport.run(from: missing.path, to: missing.folder.file("packed")) }

    let extra = try ModelFolder("llama")
    try extra.rewriteTensors {
      $0.append(
        FloatTensor(name: "model.layers.0.self_attn.q_norm.weight", shape: [1], values: [1]))
    }
    #expect(
      throws: ModelConversionError.unexpectedTensor(
        path: extra.path, name: "model.layers.0.self_attn.q_norm.weight")
    ) { try ModelImport.run(from: extra.path, to: extra.folder.file("packed")) }

    let broken = try ModelFolder("llama")
    try broken.rewriteTensors { $0[1].values[130] = .nan }
    #expect(
      throws: ModelConversionError.notFinite(
        path: broken.path, tensor: "token_embd.weight", row: 2)
    ) { try ModelImport.run(from: broken.path, to: broken.folder.file("packed")) }
  }
}

/// A value for `config.json` that may be an argument of a test.
enum JSONSetting: Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByDictionaryLiteral
{
  case text(String), whole(Int), number(Double), object([String: JSONSetting])

  init(stringLiteral value: String) { self = .text(value) }
  init(integerLiteral value: Int) { self = .whole(value) }
  init(floatLiteral value: Double) { self = .number(value) }
  init(dictionaryLiteral elements: (String, JSONSetting)...) {
    self = .object(Dictionary(elements, uniquingKeysWith: { first, _ in first }))
  }

  var value: Any {
    switch self {
    case .text(let value): value
    case .whole(let value): value
    case .number(let value): value
    case .object(let members): members.mapValues(\.value)
    }
  }
}
