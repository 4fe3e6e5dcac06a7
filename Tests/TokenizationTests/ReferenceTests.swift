import TestSupport
import Testing

@testable import Tokenization

/// Ids must be those of llama.cpp and Hugging Face tokenizers.
@Suite(.enabled(if: Shared.isPresent))
struct ReferenceTests {
  @Test func `SmolLM2 from tokenizer.json tokenizes as the reference does`() throws {
    let tokenizer = try tokenizer(folder: "data/smollm2-135m-reference")
    #expect(tokenizer.definition.kind == .byteLevelBPE(.smollm))
    for line in try lines("data/smollm2-135m-reference/tokenize.jsonl", as: TokenizedText.self) {
      #expect(tokenizer.encode(line.text) == line.ids, "\(line.text.debugDescription)")
    }
  }
}
