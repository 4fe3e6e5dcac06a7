import ModelFile
import Tensor
import Tokenization
import Transformer

/// Writes `config.json` and `generation_config.json` for a packed model: what `HuggingFaceSettings`
/// reads, the other way round.
struct HuggingFaceConfiguration {
  let shape: ModelShape
  private let file: PackedModelFile
  private let tokenizer: TokenizerDefinition
  private let rope: RopeScaling
  /// Biases on all of attention's matrices, and on all of the feed-forward's.
  private let attentionBias: Bool
  private let feedForwardBias: Bool

  init(_ file: PackedModelFile, _ tokenizer: TokenizerDefinition) throws(ModelConversionError) {
    let vocabulary = file.tensor("token_embd.weight")?.rows ?? 0
    let shape = try model { () throws(TransformerError) in
      try ModelShape(metadata: file.metadata, vocabulary: vocabulary, path: file.path)
    }
    self.shape = shape
    self.file = file
    self.tokenizer = tokenizer
    rope = try RopeScaling(of: file, shape)
    let biases = try Self.biases(of: file, shape)
    attentionBias = biases.contains(.query)
    feedForwardBias = biases.contains(.gate)
    try refuse(biases)
  }

  private var family: (type: String, name: String) {
    switch shape.architecture {
    case .llama where shape.slidingWindow != nil: ("mistral", "Mistral")
    case .llama: ("llama", "Llama")
    case .qwen2: ("qwen2", "Qwen2")
    case .qwen3: ("qwen3", "Qwen3")
    }
  }

  func config(_ type: FloatType) -> OrderedJSON {
    var members: [(String, OrderedJSON)] = [
      ("architectures", [.string(family.name + "ForCausalLM")]),
      ("model_type", .string(family.type)),
      ("vocab_size", .integer(shape.vocabulary)), ("hidden_size", .integer(shape.width)),
      ("intermediate_size", .integer(shape.feedForward)),
      ("num_hidden_layers", .integer(shape.layers)),
      ("num_attention_heads", .integer(shape.heads)),
      ("num_key_value_heads", .integer(shape.keyValueHeads)),
      ("head_dim", .integer(shape.headSize)), ("hidden_act", "silu"),
      ("max_position_embeddings", .integer(shape.context)),
      ("rms_norm_eps", .number(shortest(shape.normEpsilon))),
      ("rope_theta", .number(shortest(shape.ropeBase))),
      ("rope_scaling", rope.settings),
      ("attention_bias", .bool(attentionBias)), ("mlp_bias", .bool(feedForwardBias)),
      ("tie_word_embeddings", .bool(file.tensor("output.weight") == nil)),
      ("torch_dtype", .string(type.name)),
    ]
    if let window = shape.slidingWindow { members.append(("sliding_window", .integer(window))) }
    members += specialTokens
    return .object(members.map { .init(key: $0.0, value: $0.1) })
  }

  var generation: OrderedJSON {
    .object(specialTokens.map { .init(key: $0.0, value: $0.1) })
  }

  private var specialTokens: [(String, OrderedJSON)] {
    func number(_ id: Int32) -> OrderedJSON { .integer(Int(id)) }
    let ends = [tokenizer.eosID, tokenizer.eotID, tokenizer.eomID].compactMap { $0 }
    var members: [(String, OrderedJSON)] = []
    if let id = tokenizer.bosID { members.append(("bos_token_id", number(id))) }
    if let first = ends.first {
      let all = ends.count == 1 ? number(first) : .array(ends.map(number))
      members.append(("eos_token_id", all))
    }
    if let id = tokenizer.paddingID { members.append(("pad_token_id", number(id))) }
    return members
  }

  /// The decimal number that people would write for a float32.
  private func shortest(_ value: Float) -> Double { Double("\(value)") ?? Double(value) }
}

// MARK: - What the architectures there have no place for

extension HuggingFaceConfiguration {
  /// The matrices that have a bias, which must then be there in every layer.
  private static func biases(
    of file: PackedModelFile, _ shape: ModelShape
  ) throws(ModelConversionError) -> Set<LinearName> {
    var biases: Set<LinearName> = []
    for name in LinearName.allCases {
      let count = (0..<shape.layers).count { layer in
        file.tensor("\(LinearID(layer: layer, name: name).path).bias") != nil
      }
      guard count == 0 || count == shape.layers else {
        throw .unsupported(path: file.path, what: "a bias of \(name.rawValue) in some layers only")
      }
      if count > 0 { biases.insert(name) }
    }
    return biases
  }

  private func refuse(_ biases: Set<LinearName>) throws(ModelConversionError) {
    let attention: Set<LinearName> = [.query, .key, .value, .attentionOutput]
    let feedForward: Set<LinearName> = [.gate, .up, .down]
    let possible: [Set<LinearName>] =
      switch family.type {
      case "llama": [[], attention, feedForward, attention.union(feedForward)]
      case "qwen2": [[.query, .key, .value]]
      case "qwen3": [[], attention]
      default: [[]]
      }
    guard possible.contains(biases) else {
      let names = biases.map(\.rawValue).sorted().joined(separator: ", ")
      throw .unsupported(
        path: file.path, what: "\(family.type) with biases of \(names.isEmpty ? "none" : names)")
    }
    if shape.architecture != .llama, shape.slidingWindow != nil {
      throw .unsupported(path: file.path, what: "\(family.type) with a sliding window")
    }
  }
}

extension RopeScaling {
  /// Finds the rule behind a packed model's numbers.
  init(of file: PackedModelFile, _ shape: ModelShape) throws(ModelConversionError) {
    guard let factors = file.tensor(ModelWeights.ropeFactorsName) else {
      self = shape.ropeScale == 1 ? .none : .linear(shape.ropeScale)
      return
    }
    let divisors = factors.weights.floats(rows: 0..<1).values
    // GGUF files hold the divisors alone; Llama 3.1 and its successors have these numbers.
    let usual = Llama3Rope(
      factor: Double(divisors.max() ?? 1), lowFactor: 1, highFactor: 4, originalContext: 8192)
    let rope = Llama3Rope(metadata: file.metadata) ?? usual
    let expected = rope.divisors(headSize: shape.headSize, base: Double(shape.ropeBase))
    guard shape.ropeScale == 1, expected.count == divisors.count,
      zip(expected, divisors).allSatisfy({ abs($0 - $1) <= 1e-3 * $1 })
    else {
      throw .unsupported(
        path: file.path, what: "\(factors.name), which does not follow Llama 3.1's rule,")
    }
    self = .llama3(rope)
  }

  /// What stands under `rope_scaling`.
  fileprivate var settings: OrderedJSON {
    switch self {
    case .none: .null
    case .linear(let factor):
      ["rope_type": "linear", "type": "linear", "factor": .number(Double(factor))]
    case .llama3(let rope):
      [
        "rope_type": "llama3", "factor": .number(rope.factor),
        "low_freq_factor": .number(rope.lowFactor), "high_freq_factor": .number(rope.highFactor),
        "original_max_position_embeddings": .integer(rope.originalContext),
      ]
    }
  }
}

extension FloatType {
  /// As `config.json` calls it.
  fileprivate var name: String {
    switch self {
    case .f32: "float32"
    case .f16: "float16"
    case .bf16: "bfloat16"
    }
  }
}
