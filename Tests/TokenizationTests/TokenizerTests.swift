import ModelFile
import Testing

@testable import Tokenization

/// Bytes, five merges and a few special tokens.
func small(_ change: (inout TokenizerDefinition) -> Void = { _ in }) throws -> Tokenizer {
  var tokens = ByteAlphabet.scalars.map { String($0) }
  tokens += ["ab", "abc", "Ġa", "Ġab", "aa", "<s>", "</s>", "<|im_end|>", "<|im_end|>!", "[tool]"]
  var definition = TokenizerDefinition(kind: .byteLevelBPE(.gpt2), tokens: tokens)
  definition.merges = ["a b", "ab c", "Ġ a", "Ġ ab", "a a"]
  for id in 261...264 { definition.types[id] = .control }
  definition.types[265] = .userDefined
  definition.bosID = 261
  definition.eosID = 262
  change(&definition)
  return try Tokenizer(definition)
}

/// Characters, scores, and byte tokens.
private func smallPieces(
  _ change: (inout TokenizerDefinition) -> Void = { _ in }
) throws -> Tokenizer {
  var tokens = (0...255).map { byte in
    let digits = String(byte, radix: 16, uppercase: true)
    return "<0x\(digits.count < 2 ? "0" : "")\(digits)>"
  }
  var scores = [Float](repeating: 0, count: 256)
  for (token, score) in [("▁", -9), ("a", -9), ("b", -9), ("ab", -2), ("▁a", -1), ("aa", -3)] {
    tokens.append(token)
    scores.append(Float(score))
  }
  var definition = TokenizerDefinition(kind: .sentencePieceBPE, tokens: tokens)
  for id in 0..<256 { definition.types[id] = .byte }
  definition.scores = scores
  definition.spacePrefix = .everySegment
  change(&definition)
  return try Tokenizer(definition)
}

struct TokenizerTests {
  @Test func `special tokens are parsed only on demand, the longest first`() throws {
    let tokenizer = try small()
    #expect(tokenizer.encode("ab<|im_end|>!ab") == [256, 264, 256])
    #expect(tokenizer.encode("<s>ab<|im_end|>?") == [261, 256, 263, tokenizer.byteIDs[0x3F]])
    let plain = tokenizer.encode("<s>ab", parseSpecial: false)
    #expect(plain.last == 256 && !plain.contains(261))
    #expect(tokenizer.encode("ab[tool]", parseSpecial: false) == [256, 265])
  }

  @Test func `BOS is added on demand and once in a chat`() throws {
    let tokenizer = try small { $0.addsBOS = true }
    #expect(tokenizer.encode("ab", addBOS: true) == [261, 256])
    #expect(tokenizer.encode("ab") == [256])
    let messages = [ChatMessage(role: "user", content: "ab")]
    for source in ["{{ bos_token }}{{ messages[0].content }}", "{{ messages[0].content }}"] {
      let template = try ChatTemplate(source: source)
      let ids = try tokenizer.encodeChat(messages, with: template, addGenerationPrompt: false)
      #expect(ids == [261, 256])
    }
    let without = try small()
    let template = try ChatTemplate(source: "{{ messages[0].content }}")
    #expect(
      try without.encodeChat(messages, with: template, addGenerationPrompt: false) == [256])
  }

  @Test func `every byte survives encoding and decoding`() throws {
    let tokenizer = try small()
    let text = String(String.UnicodeScalarView((0...0x2FFF).compactMap { Unicode.Scalar($0) }))
    #expect(tokenizer.decode(tokenizer.encode(text)).utf8.elementsEqual(text.utf8))
    #expect((0...255).allSatisfy { tokenizer.bytes(of: tokenizer.byteIDs[$0]) == [UInt8($0)] })
  }

  @Test func `a decoder that streams holds back incomplete characters`() throws {
    let tokenizer = try small()
    for text in ["é🙂a", "日本", "🙂"] {
      var decoder = StreamingDecoder(tokenizer)
      let pieces = text.utf8.map { decoder.append(tokenizer.byteIDs[Int($0)]) }
      #expect(pieces.joined() == text)
      #expect(pieces.filter { !$0.isEmpty } == text.map { String($0) })
      #expect(decoder.finish() == "")
    }
    var decoder = StreamingDecoder(tokenizer)
    #expect(decoder.append(tokenizer.byteIDs[0xF0]) == "")
    #expect(decoder.append(tokenizer.byteIDs[0x9F]) == "")
    #expect(decoder.append(256) == "\u{FFFD}ab")
    _ = decoder.append(tokenizer.byteIDs[0xE3])
    #expect(decoder.finish() == "\u{FFFD}")
  }

  @Test func `ids outside the vocabulary and control tokens decode to nothing on demand`() throws {
    let tokenizer = try small()
    #expect(tokenizer.decode([261, 256, 262, 9999, -1], skipSpecial: true) == "ab")
    #expect(tokenizer.decode([261, 256]) == "<s>ab")
    #expect(tokenizer.isControl(261) && !tokenizer.isControl(256) && !tokenizer.isControl(-5))
    #expect(tokenizer.id(of: "<|im_end|>") == 263)
  }

  @Test func `what ends an answer is known by role and by name`() throws {
    let tokenizer = try small()
    #expect(tokenizer.endIDs == [262, 263])
    #expect(tokenizer.endOfTurnID == 263)
    #expect(try small { $0.eotID = 5 }.endOfTurnID == 5)
    #expect(try small { $0.types[263] = .normal }.endOfTurnID == 262)
  }

  @Test(arguments: [1, 47, 48, 49, 50, 1000])
  func `long words merge as short ones do`(_ count: Int) throws {
    let tokenizer = try small()
    let (abc, ab, aa) = ([Int32](repeating: 257, count: count), "ab", "aa")
    #expect(tokenizer.encode(String(repeating: "abc", count: count)) == abc)
    #expect(tokenizer.encode(String(repeating: ab, count: count)).allSatisfy { $0 == 256 })
    #expect(
      tokenizer.encode(String(repeating: aa, count: count)) == Array(repeating: 260, count: count))
  }

  @Test func `pieces merge by score, from left to right, with bytes for the rest`() throws {
    let tokenizer = try smallPieces()
    #expect(tokenizer.encode("ab") == [260, 258])
    #expect(tokenizer.encode("aab") == [260, 259])
    #expect(tokenizer.encode("é") == [256, 0xC3, 0xA9])
    #expect(tokenizer.encode("") == [])
    #expect(tokenizer.decode([260, 258, 256, 0xC3, 0xA9]) == "ab é")
    #expect(tokenizer.decode([256, 260]) == "  a".dropFirst())
    let unprefixed = try smallPieces { $0.spacePrefix = .never }
    #expect(unprefixed.encode("aaaa ab") == [261, 261, 260, 258])
    #expect(unprefixed.decode([256, 257]) == " a")
  }

  @Test func `merging passes through characters that are no tokens`() throws {
    var definition = TokenizerDefinition(
      kind: .sentencePieceBPE, tokens: ["a", "ax", "<unk>"], types: [.normal, .normal, .unknown])
    definition.scores = [0, 0, 0]
    definition.unknownID = 2
    let tokenizer = try Tokenizer(definition)
    #expect(tokenizer.encode("axxa") == [1, 2, 0])
  }

  @Test func `tokens that Swift takes for equal stay apart`() throws {
    // U+212B and U+00C5 are canonically equivalent.
    let json = """
      {"model": {"type": "BPE", "byte_fallback": false, "unk_token": null,
        "vocab": {"\u{212B}": 0, "\u{C5}": 1, "\u{2581}": 2}, "merges": []},
       "pre_tokenizer": {"type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "never",
        "split": false}}
      """
    let tokenizer = try Tokenizer(TokenizerDefinition(tokenizerJSON: Array(json.utf8)))
    #expect(tokenizer.encode("\u{C5}\u{212B} ") == [1, 0, 2])
  }

  @Test func `threads may share a tokenizer`() async throws {
    let tokenizer = try small()
    let texts = (0..<64).map { String(repeating: "abc ab a ", count: $0) }
    let alone = texts.map { tokenizer.encode($0) }
    let together = await withTaskGroup(of: (Int, [Int32]).self) { group in
      for (index, text) in texts.enumerated() {
        group.addTask { (index, tokenizer.encode(text)) }
      }
      return await group.reduce(into: [Int: [Int32]]()) { $0[$1.0] = $1.1 }
    }
    #expect(texts.indices.allSatisfy { together[$0] == alone[$0] })
  }
}

struct TokenizerDefinitionErrorTests {
  private func metadata(_ change: (inout Metadata) -> Void) throws -> Metadata {
    var metadata = try small().definition.metadata
    change(&metadata)
    return metadata
  }

  @Test func `an unknown pre-tokenizer is named, with those that are known`() throws {
    let metadata = try metadata { $0["tokenizer.ggml.pre"] = .string("made-up") }
    #expect(
      throws: TokenizerError.unknownPreTokenizer("made-up", known: PreTokenizer.knownNames)
    ) { _ = try TokenizerDefinition(metadata: metadata) }
    let message = "\(TokenizerError.unknownPreTokenizer("made-up", known: PreTokenizer.knownNames))"
    #expect(message.contains("made-up") && message.contains("llama-bpe"))
  }

  @Test func `default is refused, too`() throws {
    let metadata = try metadata { $0["tokenizer.ggml.pre"] = .string("default") }
    #expect(throws: TokenizerError.self) { _ = try TokenizerDefinition(metadata: metadata) }
  }

  @Test(arguments: [
    "tokenizer.ggml.model", "tokenizer.ggml.pre", "tokenizer.ggml.tokens", "tokenizer.ggml.merges",
  ])
  func `a missing key is named`(_ key: String) throws {
    let metadata = try metadata { $0[key] = nil }
    #expect {
      _ = try TokenizerDefinition(metadata: metadata)
    } throws: { error in
      guard case .missing(key, _)? = error as? TokenizerError else { return false }
      return true
    }
  }

  @Test func `lies in metadata are refused`() throws {
    let lies: [(inout Metadata) -> Void] = [
      { $0["tokenizer.ggml.model"] = .string("bert") },
      { $0["tokenizer.ggml.tokens"] = .strings([]) },
      { $0["tokenizer.ggml.tokens"] = .strings(["a"]) },
      { $0["tokenizer.ggml.token_type"] = .integers([1, 2]) },
      { $0["tokenizer.ggml.token_type"] = .integers([77]) },
      { $0["tokenizer.ggml.scores"] = .numbers([1]) },
      { $0["tokenizer.ggml.bos_token_id"] = .u32(100_000) },
      { $0["tokenizer.ggml.eos_token_id"] = .i64(-7) },
      { $0["tokenizer.ggml.merges"] = .strings(["a"]) },
      { $0["tokenizer.ggml.merges"] = .strings(["a "]) },
      { $0["tokenizer.ggml.merges"] = .strings([""]) },
      { $0["tokenizer.ggml.merges"] = .strings(["x y"]) },
      { $0["tokenizer.ggml.merges"] = .strings(["日 本"]) },
    ]
    for lie in lies {
      let metadata = try metadata(lie)
      #expect(throws: TokenizerError.self) { _ = try Tokenizer(metadata: metadata) }
    }
  }

  private func refused(_ json: String) -> TokenizerError? {
    do throws(TokenizerError) {
      _ = try Tokenizer(TokenizerDefinition(tokenizerJSON: Array(json.utf8)))
      return nil
    } catch {
      return error
    }
  }

  private static func model(_ rest: String) -> String {
    #"{"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}"# + rest
  }

  @Test func `unknown tokens that would be fused are refused`() {
    let json = #"{"model": {"type": "BPE", "vocab": {"?": 0}, "merges": [], "#
    let rest = #""unk_token": "?", "fuse_unk": true}, "pre_tokenizer": {"type": "Metaspace"}}"#
    guard case .unsupported("fuse_unk", _)? = refused(json + rest) else {
      Issue.record("not refused")
      return
    }
  }

  @Test func `a known structure is accepted`() {
    #expect(refused(Self.model(#", "pre_tokenizer": {"type": "ByteLevel"}}"#)) == nil)
  }

  @Test(arguments: [
    (#""pre_tokenizer": {"type": "Whitespace"}"#, "Whitespace"),
    (#""pre_tokenizer": null"#, "none"),
    (#""pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": true}"#, "add_prefix_space"),
    (#""pre_tokenizer": {"type": "ByteLevel"}, "normalizer": {"type": "Lowercase"}"#, "Lowercase"),
    (
      #""pre_tokenizer": {"type": "ByteLevel"}, "added_tokens": [{"id": 3, "content": "x", "lstrip": true}]"#,
      "lstrip"
    ),
    (#""pre_tokenizer": {"type": "Metaspace", "prepend_scheme": "odd"}"#, "odd"),
    (
      #""pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "x+"}, "behavior": "Isolated"}, {"type": "ByteLevel", "use_regex": false}]}"#,
      "x+"
    ),
  ])
  func `an unknown structure is named`(_ part: String, _ found: String) {
    guard case .unsupported(let what, let text)? = refused(Self.model(", " + part + "}")) else {
      Issue.record("\(part) was not refused as unsupported")
      return
    }
    #expect((what + text).contains(found))
  }

  @Test(arguments: [
    #"{"model": {"type": "Unigram", "vocab": []}}"#, #"{"model": {"type": "BPE", "merges": []}}"#,
    #"{"model": {"type": "BPE", "vocab": {}, "merges": []}, "pre_tokenizer": {"type": "ByteLevel"}}"#,
    #"{"model": {"type": "BPE", "vocab": {"a": 4000000000}, "merges": []}, "pre_tokenizer": {"type": "ByteLevel"}}"#,
    #"{"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}, "pre_tokenizer": {"type": "ByteLevel"}}"#,
    #"{"model": {"type": "BPE", "vocab": {"a": "b"}, "merges": []}, "pre_tokenizer": {"type": "ByteLevel"}}"#,
    #"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a"]]}, "pre_tokenizer": {"type": "ByteLevel"}}"#,
    #"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [5]}, "pre_tokenizer": {"type": "ByteLevel"}}"#,
    #"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a a"]}, "pre_tokenizer": {"type": "ByteLevel"}}"#,
    #"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [], "unk_token": "?"}, "pre_tokenizer": {"type": "ByteLevel"}}"#,
    "null", "[]", "{}",
  ])
  func `a damaged tokenizer is refused`(_ json: String) { #expect(refused(json) != nil) }

  @Test(arguments: [
    "", "{", "{\"a\"", "{\"a\":", "[1,", "[1 2]", "tru", "nul", "\"", "\"\\", "\"\\u12",
    "\"\\ud800\"",
    "\"\\ud800\\u0041\"", "\"\\x\"", "1-", "-", "{1:2}", "[] []", "{\"a\":1,}",
    String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 100_000),
  ])
  func `what is no JSON is refused with a place`(_ json: String) {
    guard case .malformedJSON("tokenizer.json", let offset, _)? = refused(json) else {
      Issue.record("not refused as JSON")
      return
    }
    #expect((0...json.utf8.count).contains(offset))
  }

  @Test func `bytes that are not UTF-8 are no JSON`() {
    #expect(throws: OrderedJSONError.self) { _ = try OrderedJSON(parsing: [0x22, 0xFF, 0x22]) }
  }

  @Test func `JSON keeps order, escapes and numbers`() throws {
    let json = try OrderedJSON(
      parsing: Array(#" {"b": [1, -2.5e1, true, null], "a": "\u00e9\ud83d\ude42\n\/"} "#.utf8))
    let list: OrderedJSON = .array([.integer(1), .number(-25), .bool(true), .null])
    #expect(
      json
        == .object([
          .init(key: "b", value: list), .init(key: "a", value: .string("é🙂\n/")),
        ]))
  }

  @Test func `the configuration names special tokens, the frame and the template`() throws {
    let json = Self.model(
      #", "pre_tokenizer": {"type": "ByteLevel"}, "added_tokens": [{"id": 3, "content": "<s>", "special": true}], "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}]}}"#
    )
    func definition(_ config: String, file: String? = nil) throws -> TokenizerDefinition {
      try TokenizerDefinition(
        tokenizerJSON: Array(json.utf8), tokenizerConfig: Array(config.utf8),
        chatTemplateFile: file)
    }
    #expect(try definition("{}").bosID == 3)
    #expect(try definition("{}").addsBOS)
    #expect(try !definition(#"{"add_bos_token": false}"#).addsBOS)
    #expect(try definition(#"{"bos_token": {"content": "b"}}"#).bosID == 1)
    #expect(throws: TokenizerError.unknownToken("no", role: "eos_token")) {
      _ = try definition(#"{"eos_token": "no"}"#)
    }
    #expect(try definition(#"{"chat_template": "x"}"#).chatTemplate == "x")
    #expect(try definition(#"{"chat_template": "x"}"#, file: "y").chatTemplate == "y")
    let named =
      #"{"chat_template": [{"name": "rag", "template": "r"}, {"name": "default", "template": "d"}]}"#
    #expect(try definition(named).chatTemplate == "d")
  }
}
