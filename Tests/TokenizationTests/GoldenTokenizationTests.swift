import Foundation
import Testing

@testable import Tokenization

/// A tokenizer and what Hugging Face tokenizers makes of texts with it; see
/// tools/golden/make_tokenizations.py.
private struct GoldenTokenizer: Sendable, CustomTestStringConvertible {
  struct Text: Decodable, Sendable {
    let text: String
    let ids: [Int32]
    let decoded: String
  }

  let testDescription: String
  let json: [UInt8]
  let texts: [Text]

  func definition() throws(TokenizerError) -> TokenizerDefinition {
    try TokenizerDefinition(tokenizerJSON: json)
  }

  static let all: [GoldenTokenizer] = {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Golden/tokenizations.json")
    guard let data = try? Data(contentsOf: file),
      let entries = try? JSONSerialization.jsonObject(with: data) as? [[String: Any]]
    else { return [] }
    return entries.compactMap(Self.init)
  }()

  private init?(_ entry: [String: Any]) {
    guard let name = entry["name"] as? String, let tokenizer = entry["tokenizer"],
      let json = try? JSONSerialization.data(withJSONObject: tokenizer),
      let texts = try? JSONSerialization.data(withJSONObject: entry["texts"] ?? []),
      let decoded = try? JSONDecoder().decode([Text].self, from: texts)
    else { return nil }
    testDescription = name
    self.json = Array(json)
    self.texts = decoded
  }
}

struct GoldenTokenizationTests {
  @Test func `all golden tokenizers are there`() { #expect(GoldenTokenizer.all.count == 10) }

  @Test(arguments: GoldenTokenizer.all)
  fileprivate func `ids are those of Hugging Face tokenizers`(_ golden: GoldenTokenizer) throws {
    let tokenizer = try Tokenizer(golden.definition())
    for line in golden.texts {
      #expect(tokenizer.encode(line.text) == line.ids, "\(line.text.debugDescription)")
    }
  }

  @Test(arguments: GoldenTokenizer.all)
  fileprivate func `decoded text is that of Hugging Face tokenizers`(
    _ golden: GoldenTokenizer
  ) throws {
    let tokenizer = try Tokenizer(golden.definition())
    for line in golden.texts {
      let text = tokenizer.decode(line.ids)
      #expect(text.utf8.elementsEqual(line.decoded.utf8), "\(text.debugDescription)")
    }
  }

  @Test(arguments: GoldenTokenizer.all)
  fileprivate func `metadata carries every form`(_ golden: GoldenTokenizer) throws {
    let definition = try golden.definition()
    #expect(try TokenizerDefinition(metadata: definition.metadata) == definition)
  }

  /// Other readers know no merges for this kind; they go by score.
  @Test(arguments: GoldenTokenizer.all)
  fileprivate func `scores made from merges give the same ids`(_ golden: GoldenTokenizer) throws {
    var definition = try golden.definition()
    guard definition.kind == .sentencePieceBPE else { return }
    definition.merges = []
    let tokenizer = try Tokenizer(definition)
    for line in golden.texts {
      #expect(tokenizer.encode(line.text) == line.ids, "\(line.text.debugDescription)")
    }
  }
}

struct HuggingFaceTokenizerWritingTests {
  @Test(arguments: GoldenTokenizer.all)
  fileprivate func `a tokenizer that is written and read again gives the same ids`(
    _ golden: GoldenTokenizer
  ) throws {
    let written = try golden.definition().huggingFaceTokenizer().bytes
    let tokenizer = try Tokenizer(TokenizerDefinition(tokenizerJSON: written))
    for line in golden.texts {
      #expect(tokenizer.encode(line.text) == line.ids, "\(line.text.debugDescription)")
      #expect(tokenizer.decode(line.ids) == line.decoded)
    }
  }

  @Test func `any text and number comes back from JSON`() throws {
    let value: OrderedJSON = [
      "e\u{301}": "\"\\/\u{0}\u{1f}\n\t\u{7f}", "é": [1, -2, .number(1e-5), true, .null],
      "🙂": [:], "日本": [],
    ]
    #expect(try OrderedJSON(parsing: value.bytes) == value)
    #expect(OrderedJSON.number(.infinity).bytes == Array("null".utf8))
  }

  @Test func `two tokens with the same text are refused`() {
    let definition = TokenizerDefinition(kind: .sentencePieceBPE, tokens: ["a", "b", "a"])
    #expect(throws: TokenizerError.self) { try definition.huggingFaceTokenizer() }
  }
}
