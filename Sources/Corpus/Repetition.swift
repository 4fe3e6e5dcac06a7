/// How much of a text only says again what it has said before.
public enum Repetition {
  /// Texts that repeat more than this are not learnt from.
  public static let defaultLimit = 0.5

  /// The largest of three shares, each from 0 to 1:
  ///
  /// - *windows*: of all stretches of ten characters, those that the most frequent ones make up;
  ///   as many of these count as the square root of the number of different stretches, and only
  ///   such as occur more than once. From 50 characters on.
  /// - *four words*: of all sequences of four words, those that have occurred before. From 8 words
  ///   on.
  /// - *loop*: of all words, those in a sequence of up to 64 words that the text repeats without
  ///   a break at its end, three times or more. From 8 words on. The same with characters, from 50
  ///   on.
  ///
  /// Letter case counts, white space does not. Time is proportional to the length of the text.
  public static func share(of text: String) -> Double {
    let words = text.split(whereSeparator: \.isWhitespace)
    let characters = words.joined(separator: " ").unicodeScalars.map(\.value)
    return max(
      windowShare(characters), fourWordShare(words),
      loopShare(words, fewest: 8), loopShare(characters, fewest: 50))
  }

  static func windowShare(_ characters: [UInt32]) -> Double {
    guard characters.count >= 50 else { return 0 }
    let counts = counts(of: characters, window: 10)
    let repeated = counts.filter { $0 > 1 }.sorted(by: >)
    let most = min(Int(Double(counts.count).squareRoot()), repeated.count)
    return Double(repeated.prefix(most).reduce(0, +)) / Double(characters.count - 9)
  }

  static func fourWordShare(_ words: [Substring]) -> Double {
    guard words.count >= 8 else { return 0 }
    let sequences = (0...words.count - 4).map { words[$0..<$0 + 4] }
    return 1 - Double(Set(sequences).count) / Double(sequences.count)
  }

  static func loopShare<Element: Equatable>(_ text: [Element], fewest: Int) -> Double {
    guard text.count >= fewest else { return 0 }
    let longest = (1...64).map { period in
      let again = text.indices.reversed().prefix { $0 >= period && text[$0] == text[$0 - period] }
      return again.count >= 2 * period ? again.count + period : 0
    }
    return Double(longest.max() ?? 0) / Double(text.count)
  }

  /// How often each different stretch of `window` characters occurs.
  private static func counts(of characters: [UInt32], window: Int) -> [Int] {
    let factor: UInt64 = 0x9E37_79B9_7F4A_7C15
    let leaving = (0..<window).reduce(1) { power, _ in power &* factor }
    var hash: UInt64 = 0
    var counts: [UInt64: Int] = [:]
    for (place, character) in characters.enumerated() {
      hash = hash &* factor &+ UInt64(character)
      if place >= window { hash = hash &- leaving &* UInt64(characters[place - window]) }
      if place >= window - 1 { counts[hash, default: 0] += 1 }
    }
    return Array(counts.values)
  }
}
