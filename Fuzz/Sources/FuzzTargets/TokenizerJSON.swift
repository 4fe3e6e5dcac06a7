import Tokenization

extension FuzzTarget {
  /// `tokenizer.json`, and where it holds a tokenizer, texts there and back.
  static let tokenizer = FuzzTarget("tokenizer") { bytes in
    guard let definition = try? TokenizerDefinition(tokenizerJSON: bytes),
      let tokenizer = try? Tokenizer(definition)
    else { return false }
    exercise(tokenizer)
    return true
  }

  /// Texts there and back.
  static func exercise(_ tokenizer: Tokenizer) {
    for text in ["", " Hello  world, it's 1999!\n\n", "Él\u{301} 日本 🙂<|end|>\u{0}"] {
      let ids = tokenizer.encode(text, addBOS: true)
      _ = tokenizer.decode(ids, skipSpecial: true)
    }
  }
}
