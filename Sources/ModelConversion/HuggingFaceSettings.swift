import ModelFile

/// Reads `config.json` and says the same in GGUF's keys. What would change the formulas and is not
/// known here is refused, never passed over.
struct HuggingFaceSettings {
  let path: String
  let config: ConfigValue

  /// Kinds of models in `config.json`, and their architecture in GGUF.
  static let architectures = [
    "llama": "llama", "mistral": "llama", "qwen2": "qwen2", "qwen3": "qwen3",
  ]

  /// Whether the embedding serves as output, too.
  var tiesEmbeddings: Bool { config["tie_word_embeddings"]?.flag ?? false }

  /// All keys but those of the tokenizer.
  func metadata(name: String, vocabulary: Int) throws(ModelConversionError) -> Metadata {
    let kind = config["model_type"]?.string ?? ""
    guard let architecture = Self.architectures[kind] else {
      throw .unknownArchitecture(
        path: path, name: kind, supported: Self.architectures.keys.sorted())
    }
    try refuseUnknownFormulas(kind)
    var metadata = Metadata()
    metadata["general.architecture"] = .string(architecture)
    metadata["general.type"] = .string("model")
    metadata["general.name"] = .string(name)
    for (key, value) in try numbers(vocabulary: vocabulary) {
      metadata["\(architecture).\(key)"] = value
    }
    switch try ropeScaling() {
    case .none: break
    case .linear(let factor):
      metadata["\(architecture).rope.scaling.type"] = .string("linear")
      metadata["\(architecture).rope.scaling.factor"] = .f32(factor)
    case .llama3(let rope): for (key, value) in rope.metadata { metadata[key] = value }
    }
    if let window = try slidingWindow(kind) {
      metadata["\(architecture).attention.sliding_window"] = .u32(window)
    }
    return metadata
  }

  private func numbers(
    vocabulary: Int
  ) throws(ModelConversionError) -> [(String, MetadataValue)] {
    let heads = try count("num_attention_heads")
    let width = try count("hidden_size")
    let headSize = try count("head_dim", or: width / heads)
    return [
      ("vocab_size", .u32(UInt32(clamping: vocabulary))),
      ("context_length", .u32(try count("max_position_embeddings"))),
      ("embedding_length", .u32(width)),
      ("block_count", .u32(try count("num_hidden_layers"))),
      ("feed_forward_length", .u32(try count("intermediate_size"))),
      ("attention.head_count", .u32(heads)),
      ("attention.head_count_kv", .u32(try count("num_key_value_heads", or: heads))),
      ("attention.key_length", .u32(headSize)),
      ("attention.value_length", .u32(headSize)),
      ("attention.layer_norm_rms_epsilon", .f32(try number("rms_norm_eps", or: 1e-6))),
      ("rope.dimension_count", .u32(headSize)),
      ("rope.freq_base", .f32(try ropeBase())),
    ]
  }

  /// A number of something, at least one.
  private func count(_ key: String, or standIn: UInt32? = nil) throws(ModelConversionError)
    -> UInt32
  {
    guard let value = config[key] else {
      guard let standIn else { throw .badSetting(path: path, key: key) }
      return standIn
    }
    guard let count = value.integer.flatMap(UInt32.init(exactly:)), count > 0 else {
      throw .badSetting(path: path, key: key)
    }
    return count
  }

  private func number(_ key: String, or standIn: Float) throws(ModelConversionError) -> Float {
    guard let value = config[key] else { return standIn }
    guard let number = value.number.map(Float.init), number > 0, number.isFinite else {
      throw .badSetting(path: path, key: key)
    }
    return number
  }

  /// Newer files keep the base with the other numbers of the rotary embedding.
  private func ropeBase() throws(ModelConversionError) -> Float {
    guard let value = config["rope_parameters"]?["rope_theta"] else {
      return try number("rope_theta", or: 10_000)
    }
    guard let base = value.number.map(Float.init), base > 0, base.isFinite else {
      throw .badSetting(path: path, key: "rope_parameters.rope_theta")
    }
    return base
  }

  private func slidingWindow(_ kind: String) throws(ModelConversionError) -> UInt32? {
    guard kind == "mistral", config["sliding_window"] != nil else { return nil }
    return try count("sliding_window")
  }

  private func refuseUnknownFormulas(_ kind: String) throws(ModelConversionError) {
    for settings in [config, config["rope_scaling"], config["rope_parameters"]] {
      try refusePartialRotation(settings?["partial_rotary_factor"])
    }
    let activation = config["hidden_act"]?.string ?? "silu"
    guard activation == "silu" else {
      throw .unsupported(path: path, what: "the activation '\(activation)'")
    }
    if kind.hasPrefix("qwen"), config["use_sliding_window"]?.flag == true {
      throw .unsupported(path: path, what: "a sliding window in some layers (use_sliding_window)")
    }
    if config["quantization_config"] != nil {
      throw .unsupported(path: path, what: "a quantised checkpoint (quantization_config)")
    }
  }

  private func refusePartialRotation(_ factor: ConfigValue?) throws(ModelConversionError) {
    guard let factor, factor.number != 1 else { return }
    throw .unsupported(path: path, what: "rotation of a part of the head (partial_rotary_factor)")
  }
}
