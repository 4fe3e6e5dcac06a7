/// What a token is for. The raw values are those of `tokenizer.ggml.token_type`.
public enum TokenType: Int32, Sendable {
  case normal = 1
  case unknown = 2
  /// Stands for something that is no text, such as the end of a turn.
  case control = 3
  /// Text that is always one token, whatever stands around it.
  case userDefined = 4
  case unused = 5
  /// One byte, written `<0x0A>`, for what the vocabulary has no other token for.
  case byte = 6
}

/// Everything a model file says about its tokenizer, wherever it was read from.
///
/// It is checked and made usable by ``Tokenizer``; until then ids may point nowhere.
public struct TokenizerDefinition: Equatable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// Merges bytes, written as printable characters, within the words of a pre-tokenizer.
    case byteLevelBPE(PreTokenizer)
    /// Merges characters, `▁` standing for a space.
    case sentencePieceBPE
  }

  /// When a SentencePiece-style tokenizer puts a space before text.
  public enum SpacePrefix: String, Sendable {
    case never
    /// Before the text and again after each special token in it.
    case everySegment = "every"
    /// The same, but only where no space is there already.
    case everySegmentWithout = "every-without"
    /// Only at the beginning of the text, and only if no space is there already.
    case firstSegmentWithout = "first-without"
  }

  public var kind: Kind
  /// By id, as GGUF files store them.
  public var tokens: [String]
  /// One per token, or none. Decides the order of merges where there are no ``merges``.
  public var scores: [Float] = []
  /// One per token.
  public var types: [TokenType]
  /// Pairs `left right`, best first.
  public var merges: [String] = []

  public var bosID: Int32?
  public var eosID: Int32?
  /// Ends a turn of a chat.
  public var eotID: Int32?
  /// Ends a message, after which the same role goes on.
  public var eomID: Int32?
  public var unknownID: Int32?
  public var paddingID: Int32?

  /// Whether plain text (not a rendered chat) is meant to begin with `bosID`.
  public var addsBOS = false
  public var addsEOS = false

  public var spacePrefix = SpacePrefix.never
  /// Whether words are cut before each `▁`, so that merges never cross a space.
  public var splitsAtSpaces = false
  /// Whether a word that is a token as a whole is taken without merging.
  public var ignoresMerges = false
  /// Whether text is brought to Unicode normal form C first.
  public var normalizesToNFC = false

  public var chatTemplate: String?

  /// A definition with the customs of its kind: nothing but what is passed is set.
  public init(kind: Kind, tokens: [String], types: [TokenType]? = nil) {
    self.kind = kind
    self.tokens = tokens
    self.types = types ?? Array(repeating: .normal, count: tokens.count)
    if case .byteLevelBPE(let pre) = kind { ignoresMerges = pre.usuallyIgnoresMerges }
  }
}

extension TokenizerDefinition {
  /// More text than this is no vocabulary. The largest known have about 3 MiB.
  private static let mostBytes = 256 << 20

  /// Throws if lists differ in length or an id lies outside the vocabulary.
  func check() throws(TokenizerError) {
    guard types.count == tokens.count else {
      throw .lengthMismatch(what: "token types", count: types.count, tokens: tokens.count)
    }
    let bytes = tokens.reduce(0) { $0 + $1.utf8.count }
    guard bytes <= Self.mostBytes, merges.count <= Self.mostBytes else {
      throw .unsupported(part: "vocabulary", found: "\(bytes) bytes, \(merges.count) merges")
    }
    guard scores.isEmpty || scores.count == tokens.count else {
      throw .lengthMismatch(what: "scores", count: scores.count, tokens: tokens.count)
    }
    let named: [(String, Int32?)] = [
      ("beginning of text", bosID), ("end of text", eosID), ("end of turn", eotID),
      ("end of message", eomID), ("unknown token", unknownID), ("padding", paddingID),
    ]
    for (what, id) in named {
      guard let id else { continue }
      guard tokens.indices.contains(Int(id)) else {
        throw .idOutOfRange(Int(id), what: what, limit: tokens.count)
      }
    }
  }
}
