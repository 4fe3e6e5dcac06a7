/// How text is cut into words before byte pairs are merged. Merges never cross a cut.
///
/// The raw value is the name that GGUF files write under `tokenizer.ggml.pre`.
public enum PreTokenizer: String, CaseIterable, Sendable {
  /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
  case gpt2 = "gpt-2"
  /// Contractions in any case, one sign may lead a word, digits in groups of up to three.
  case llama3 = "llama-bpe"
  /// As `llama3`, with every digit on its own.
  case qwen2
  /// Every digit on its own, what lies between them as `gpt2`.
  case smollm

  /// Other names under which files mean one of these.
  private static let aliases: [String: PreTokenizer] = [
    "gpt2": .gpt2, "llama3": .llama3, "llama-v3": .llama3, "deepseek-r1-qwen": .qwen2,
    "starcoder": .smollm,
  ]

  public static var knownNames: [String] {
    (allCases.map(\.rawValue) + aliases.keys).sorted()
  }

  /// The pre-tokenizer that a GGUF file calls `name`. There is no default: a wrong one gives ids
  /// that look right and are not.
  public init(named name: String) throws(TokenizerError) {
    guard let known = Self(rawValue: name) ?? Self.aliases[name] else {
      throw .unknownPreTokenizer(name, known: Self.knownNames)
    }
    self = known
  }

  /// The regular expressions by which tokenizer.json files describe these.
  static let patterns: [(pattern: String, meaning: PreTokenizer)] = [
    (
      #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#, .gpt2
    ),
    (anyCaseContractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"# + signsAndSpace, .llama3),
    (anyCaseContractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"# + signsAndSpace, .qwen2),
  ]

  private static let anyCaseContractions = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)"#
  private static let signsAndSpace =
    #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

  /// Whether a word that is a token as a whole is taken as it is, without merging. Files in the
  /// GGUF format have no key for it and leave it to the pre-tokenizer.
  var usuallyIgnoresMerges: Bool { self == .llama3 }
}
