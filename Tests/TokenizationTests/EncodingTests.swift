import Testing

@testable import Tokenization

/// Texts of a few characters that meet often, repeatable by `seed`.
private func texts(_ count: Int, seed: UInt64, alphabet: String) -> [String] {
  var state = seed
  func next(below bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % bound
  }
  let characters = Array(alphabet.unicodeScalars)
  return (0..<count).map { _ in
    var text = ""
    for _ in 0..<next(below: 120) {
      text.unicodeScalars.append(characters[next(below: characters.count)])
    }
    return text
  }
}

private func bytePairs() throws -> Tokenizer {
  var definition = TokenizerDefinition(
    kind: .byteLevelBPE(.gpt2),
    tokens: ByteAlphabet.scalars.map { String($0) } + [
      "ab", "bc", "abc", "Ġab", "Ġa", "cab", "<s>",
    ])
  // `cab` is made of `c` and `ab`, which `ca`, `b` could not; `abc` only of `ab`, `c`.
  definition.merges = ["a b", "b c", "ab c", "Ġ ab", "Ġ a", "c ab"]
  definition.types[262] = .control
  return try Tokenizer(definition)
}

/// Pieces; `crossing` adds a merge over a space that no text has.
private func pieces(crossing: Bool) throws -> Tokenizer {
  var tokens = ["▁", "a", "b", "c", "▁a", "ab", "▁ab", "▁▁", "▁▁▁▁", "bc", "<unk>", "☃", "é"]
  if crossing { tokens.append("☃▁") }
  var definition = TokenizerDefinition(kind: .sentencePieceBPE, tokens: tokens)
  definition.types[10] = .unknown
  definition.unknownID = 10
  definition.spacePrefix = .everySegment
  definition.merges = ["▁ ▁", "b c", "▁ a", "a b", "▁a b", "▁ ab", "▁▁ ▁▁"]
  if crossing { definition.merges.append("☃ ▁") }
  return try Tokenizer(definition)
}

struct EncodingTests {
  @Test func `what was encoded before changes no ids`() throws {
    let used = try bytePairs()
    for text in texts(300, seed: 1, alphabet: "abc  é") {
      #expect(used.encode(text) == (try bytePairs().encode(text)), "\(text)")
    }
  }

  @Test func `cutting at spaces changes no ids`() throws {
    let (cut, whole) = (try pieces(crossing: false), try pieces(crossing: true))
    #expect(!cut.merges.crossesSpaces && whole.merges.crossesSpaces)
    for text in texts(300, seed: 2, alphabet: "abc   ▁éx") {
      #expect(cut.encode(text) == whole.encode(text), "\(text)")
    }
  }

  @Test(arguments: [1, 2, 5])
  func `a batch gives what its texts give one by one`(threads: Int) throws {
    let tokenizer = try bytePairs()
    let batch = texts(2_000, seed: 3, alphabet: "abc  é\n") + ["", "<s>ab"]
    let ids = batch.map { tokenizer.encode($0) }
    #expect(tokenizer.encode(batch: batch, threads: threads) == ids)
    #expect(tokenizer.encode(batch: [], threads: threads) == [])
    let framed = tokenizer.encode(batch: ["<s>ab"], threads: threads, parseSpecial: false)
    #expect(framed == [tokenizer.encode("<s>ab", parseSpecial: false)])
    #expect(framed != [ids[2_001]])
  }
}
