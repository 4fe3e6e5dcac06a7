import Transformer

/// What tensors are called in Hugging Face's models, by their names in GGUF.
struct HuggingFaceNames {
  private let known: [String: String]

  init(layers: Int) {
    var known = [
      "token_embd.weight": "model.embed_tokens.weight",
      "output_norm.weight": "model.norm.weight",
      "output.weight": "lm_head.weight",
    ]
    for layer in 0..<layers {
      let path = "model.layers.\(layer)"
      known["blk.\(layer).attn_norm.weight"] = "\(path).input_layernorm.weight"
      known["blk.\(layer).ffn_norm.weight"] = "\(path).post_attention_layernorm.weight"
      known["blk.\(layer).attn_q_norm.weight"] = "\(path).self_attn.q_norm.weight"
      known["blk.\(layer).attn_k_norm.weight"] = "\(path).self_attn.k_norm.weight"
      for linear in LinearName.allCases {
        for part in ["weight", "bias"] {
          known["blk.\(layer).\(linear.rawValue).\(part)"] = "\(path).\(linear.modulePath).\(part)"
        }
      }
    }
    self.known = known
  }

  subscript(name: String) -> String? { known[name] }

  /// Buffers that old checkpoints carry although they follow from the settings.
  static func isRedundant(_ name: String) -> Bool { name.hasSuffix(".rotary_emb.inv_freq") }
}
