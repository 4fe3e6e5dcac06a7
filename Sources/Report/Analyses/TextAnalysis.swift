internal import Corpus

/// A set of texts in numbers.
public struct TextAnalysis: Codable, Equatable, Sendable {
  public var count: Int
  /// Of up to ``PromptLikeness/sample`` texts: different sequences of one, two, three words as a share
  /// of all.
  public var distinct1: Double
  public var distinct2: Double
  public var distinct3: Double
  /// Of as many texts: the mean cosine of each to all others.
  public var likeness: Distribution?
  /// Share of texts that are nearly an earlier one.
  public var nearDuplicates: Double
  public var words: Distribution?
  public var characters: Distribution?
  /// Where the texts were counted in tokens.
  public var tokens: Distribution?
  /// Of each text the share that only says again what it has said; see ``Corpus/Repetition``.
  public var repetition: Distribution?
  /// Share of texts of which more than half is repetition.
  public var repetitive: Double

  /// - Parameter tokens: counts a text's tokens, where there is a model to do so.
  public init(_ texts: [String], tokens: ((String) -> Int)? = nil) {
    let sample = Array(texts.prefix(PromptLikeness.sample))
    count = texts.count
    distinct1 = DistinctNGrams.share(1, of: sample)
    distinct2 = DistinctNGrams.share(2, of: sample)
    distinct3 = DistinctNGrams.share(3, of: sample)
    likeness = Distribution(PromptLikeness.means(of: sample), bins: 25, range: 0...0.5)
    words = Distribution(texts.map { Double(Words.of($0).count) })
    characters = Distribution(texts.map { Double($0.count) })
    self.tokens = tokens.flatMap { count in Distribution(texts.map { Double(count($0)) }) }
    let shares = texts.map { Repetition.share(of: $0) }
    repetition = Distribution(shares, range: 0...1)
    let whole = Double(max(texts.count, 1))
    repetitive = Double(shares.count { $0 > Repetition.defaultLimit }) / whole
    nearDuplicates = Double(NearDuplicates.pairs(in: texts).count) / whole
  }
}

/// How many of the words that a prompt was asked for with it has taken up.
public enum KeywordCoverage {
  /// The share of `keywords` that are words of `prompt`; 1 where there are none.
  public static func share(of keywords: [String], in prompt: String) -> Double {
    guard !keywords.isEmpty else { return 1 }
    let words = Words.of(prompt)
    let present = Set(words)
    let found = keywords.count { keyword in
      let parts = Words.of(keyword)
      return parts.count == 1
        ? present.contains(parts[0])
        : Words.sequences(of: parts.count, in: words).contains(parts[...])
    }
    return Double(found) / Double(keywords.count)
  }
}
