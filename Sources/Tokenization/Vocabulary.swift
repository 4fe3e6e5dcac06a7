/// The tokens of a definition, ready for looking up in both directions.
struct Vocabulary {
  /// What each token adds to decoded text.
  let decoded: ByteStrings
  /// What is matched against text. For byte-level tokenizers this is `decoded`; for SentencePiece
  /// the token as written, and after the tokens the characters that occur only within them.
  let written: ByteStrings
  /// Finds those of `written` that plain text may become: no control tokens among them.
  private let index: ByteStringIndex

  let count: Int

  init(_ definition: TokenizerDefinition) {
    count = definition.tokens.count
    decoded = Self.decode(definition)
    var written = decoded
    if definition.kind == .sentencePieceBPE { written = Self.written(definition) }
    var index = ByteStringIndex(capacity: written.count)
    for id in 0..<written.count where id >= count || definition.types[id].isText {
      index.insert(id, of: written)
    }
    self.written = written
    self.index = index
  }

  /// The id of the token written as `bytes[range]`; `count` and more for a mere character.
  func find(_ bytes: [UInt8], _ range: Range<Int>) -> Int32? {
    index.find(bytes, range, in: written)
  }

  func find(_ bytes: [UInt8]) -> Int32? { find(bytes, 0..<bytes.count) }
}

extension TokenType {
  /// Whether merging plain text can give a token of this type.
  fileprivate var isText: Bool { self == .normal || self == .userDefined || self == .unused }
}

// MARK: - Decoding

extension Vocabulary {
  private static func decode(_ definition: TokenizerDefinition) -> ByteStrings {
    var strings = ByteStrings()
    for (token, type) in zip(definition.tokens, definition.types) {
      strings.append { bytes in
        switch (type, definition.kind) {
        case (.control, _), (.unknown, _), (.userDefined, _): bytes += token.utf8
        case (.byte, _): appendByte(of: token, to: &bytes)
        case (_, .sentencePieceBPE): appendSpaced(token, to: &bytes)
        case (_, .byteLevelBPE):
          if !ByteAlphabet.appendBytes(of: token.unicodeScalars, to: &bytes) {
            bytes += token.utf8
          }
        }
      }
    }
    return strings
  }

  /// The byte that a token like `<0x0A>` stands for.
  static func byte(of token: String) -> UInt8? {
    let utf8 = Array(token.utf8)
    guard utf8.count == 6, utf8.starts(with: "<0x".utf8), utf8[5] == UInt8(ascii: ">") else {
      return nil
    }
    return UInt8(String(decoding: utf8[3..<5], as: UTF8.self), radix: 16)
  }

  private static func appendByte(of token: String, to bytes: inout [UInt8]) {
    if let byte = byte(of: token) { bytes.append(byte) } else { bytes += token.utf8 }
  }

  private static func appendSpaced(_ token: String, to bytes: inout [UInt8]) {
    for scalar in token.unicodeScalars {
      bytes += scalar == "▁" ? [0x20] : Array(String(scalar).utf8)
    }
  }
}

// MARK: - Characters without a token

extension Vocabulary {
  /// The tokens as written, and then the characters within them that are no tokens themselves:
  /// merging may pass through these.
  private static func written(_ definition: TokenizerDefinition) -> ByteStrings {
    var strings = ByteStrings()
    for token in definition.tokens { strings.append(token.utf8) }
    var single: Set<Unicode.Scalar> = []
    var inside: Set<Unicode.Scalar> = []
    for (token, type) in zip(definition.tokens, definition.types) where type.isText {
      let scalars = token.unicodeScalars
      if scalars.count == 1 { single.formUnion(scalars) } else { inside.formUnion(scalars) }
    }
    for scalar in inside.subtracting(single).sorted() { strings.append(String(scalar).utf8) }
    return strings
  }
}
