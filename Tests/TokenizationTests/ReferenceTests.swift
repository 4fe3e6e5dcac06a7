import Foundation
import ModelFile
import TestSupport
import Testing

@testable import Tokenization

private let smolLM2 = "data/smollm2-135m-reference"

/// Ids must be those of llama.cpp and Hugging Face tokenizers.
@Suite(.enabled(if: Shared.isPresent))
struct ReferenceTests {
  @Test(arguments: ["gpt-2", "qwen2"])
  func `a vocabulary in a GGUF file gives the ids of llama.cpp`(_ name: String) throws {
    let path = "data/tokenizer-vectors/ggml-vocab-\(name).gguf"
    let tokenizer = try Tokenizer(metadata: GGUFFile(path: Shared.path(path)).metadata)
    #expect(tokenizer.definition.kind == .byteLevelBPE(try PreTokenizer(named: name)))
    let texts = try text(path + ".inp").components(separatedBy: "\n__ggml_vocab_test__\n")
    let answers = try text(path + ".out").components(separatedBy: "\n")
    #expect(texts.count >= 46)
    for (text, answer) in zip(texts, answers) {
      let ids = answer.split(separator: " ").compactMap { Int32($0) }
      #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)")
      #expect(tokenizer.decode(ids) == text)
    }
  }

  @Test func `SmolLM2 from tokenizer.json tokenizes as the reference does`() throws {
    let tokenizer = try tokenizer(folder: smolLM2)
    #expect(tokenizer.definition.kind == .byteLevelBPE(.smollm))
    for line in try lines("\(smolLM2)/tokenize.jsonl", as: TokenizedText.self) {
      #expect(tokenizer.encode(line.text) == line.ids, "\(line.text.debugDescription)")
    }
  }

  @Test func `SmolLM2 renders and tokenizes chats as the reference does`() throws {
    let tokenizer = try tokenizer(folder: smolLM2)
    let template = try ChatTemplate(source: text("\(smolLM2)/chat_template.jinja"))
    for chat in try lines("\(smolLM2)/chat.jsonl", as: RenderedChat.self) {
      let rendered = try tokenizer.render(
        chat.messages, with: template, addGenerationPrompt: chat.addGenerationPrompt)
      #expect(rendered.text == chat.text)
      let ids = try tokenizer.encodeChat(
        chat.messages, with: template, addGenerationPrompt: chat.addGenerationPrompt)
      #expect(ids == chat.ids)
      #expect(tokenizer.decode(ids) == chat.text)
    }
  }

  @Test func `stories260K merges by score as the reference does`() throws {
    let file = try GGUFFile(path: Shared.path("data/stories260k/stories260K-f32.gguf"))
    let tokenizer = try Tokenizer(metadata: file.metadata)
    #expect(tokenizer.definition.kind == .sentencePieceBPE)
    #expect(tokenizer.definition.addsBOS)
    let texts = try lines("data/stories260k/reference/tokenize.jsonl", as: TokenizedText.self)
    #expect(texts.count == 70)
    for line in texts {
      #expect(tokenizer.encode(line.text, addBOS: true) == line.ids, "\(line.text)")
      #expect(tokenizer.decode(line.ids, skipSpecial: true) == line.text)
    }
  }

  private struct Expected: Decodable {
    let tokenize: [TokenizedText]
    let chat: [RenderedChat]
  }

  @Test(arguments: ["llama", "llama-tied", "mistral", "qwen2"])
  func `a fixture tokenizes and renders as Hugging Face does`(_ name: String) throws {
    let tokenizer = try tokenizer(folder: "fixtures/\(name)")
    let expected = try JSONDecoder().decode(
      Expected.self, from: Data(bytes("fixtures/\(name)/expected.json")))
    for line in expected.tokenize {
      #expect(tokenizer.encode(line.text) == line.ids)
      #expect(tokenizer.decode(line.ids) == line.text)
    }
    let template = try ChatTemplate(source: #require(tokenizer.definition.chatTemplate))
    for chat in expected.chat {
      let rendered = try tokenizer.render(
        chat.messages, with: template, addGenerationPrompt: chat.addGenerationPrompt)
      #expect(rendered.text == chat.text)
    }
    #expect(tokenizer.bosID == 0)
    #expect(tokenizer.eosID == 1)
    #expect(tokenizer.endOfTurnID == 3)
    #expect(tokenizer.endIDs == [1, 3])
    #expect(tokenizer.isControl(2))
  }

  @Test func `metadata carries a definition unchanged`() throws {
    let read = try tokenizer(folder: smolLM2).definition
    #expect(try TokenizerDefinition(metadata: read.metadata) == read)
    let file = try GGUFFile(path: Shared.path("data/stories260k/stories260K-f32.gguf"))
    let stories = try TokenizerDefinition(metadata: file.metadata)
    #expect(try TokenizerDefinition(metadata: stories.metadata) == stories)
  }
}
