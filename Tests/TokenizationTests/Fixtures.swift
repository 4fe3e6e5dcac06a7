import Foundation
import TestSupport
import Tokenization

/// A text and what another implementation makes of it.
struct TokenizedText: Decodable, Sendable {
  let text: String
  let ids: [Int32]
}

/// A chat, the text that Jinja makes of it, and the ids of that.
struct RenderedChat: Decodable, Sendable {
  let messages: [ChatMessage]
  let addGenerationPrompt: Bool
  let text: String
  let ids: [Int32]?

  private enum CodingKeys: String, CodingKey {
    case messages, text, ids
    case addGenerationPrompt = "add_generation_prompt"
  }
}

func bytes(_ shared: String) throws -> [UInt8] {
  Array(try Data(contentsOf: URL(filePath: Shared.path(shared))))
}

func text(_ shared: String) throws -> String { String(decoding: try bytes(shared), as: UTF8.self) }

/// One value per line of a JSONL file.
func lines<T: Decodable>(_ shared: String, as _: T.Type = T.self) throws -> [T] {
  try bytes(shared).split(separator: 0x0A).map {
    try JSONDecoder().decode(T.self, from: Data($0))
  }
}

/// The tokenizer of a Hugging Face folder.
func tokenizer(folder: String) throws -> Tokenizer {
  let files = FileManager.default
  func optional(_ name: String) throws -> [UInt8]? {
    let path = "\(folder)/\(name)"
    return files.fileExists(atPath: Shared.path(path)) ? try bytes(path) : nil
  }
  return try Tokenizer(
    TokenizerDefinition(
      tokenizerJSON: try bytes("\(folder)/tokenizer.json"),
      tokenizerConfig: try optional("tokenizer_config.json"),
      specialTokensMap: try optional("special_tokens_map.json"),
      chatTemplateFile: try optional("chat_template.jinja").map {
        String(decoding: $0, as: UTF8.self)
      }))
}
