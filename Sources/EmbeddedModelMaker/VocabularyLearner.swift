import Tokenization

/// Learns a byte-level BPE vocabulary from texts: the most frequent neighbours become one token,
/// again and again (Sennrich et al., arXiv 1508.07909).
struct VocabularyLearner {
  private var words: [[String]: Int] = [:]

  mutating func add(_ text: String) {
    for word in Self.words(in: text) {
      words[word.utf8.map { String(ByteAlphabet.character(for: $0)) }, default: 0] += 1
    }
  }

  /// - Returns: the merges in the order they were learnt, as pairs of tokens.
  func merges(count: Int) -> [(String, String)] {
    var words = words.map { (symbols: $0.key, count: $0.value) }
    words.sort { ($0.count, $1.symbols.joined()) > ($1.count, $0.symbols.joined()) }
    var merges: [(String, String)] = []
    while merges.count < count, let best = Self.mostFrequentPair(words) {
      merges.append(best)
      for index in words.indices {
        words[index].symbols = Self.merged(words[index].symbols, best)
      }
    }
    return merges
  }

  private static func mostFrequentPair(
    _ words: [(symbols: [String], count: Int)]
  ) -> (String, String)? {
    var counts: [Pair: Int] = [:]
    for word in words {
      for (left, right) in zip(word.symbols, word.symbols.dropFirst()) {
        counts[Pair(left: left, right: right), default: 0] += word.count
      }
    }
    let best = counts.filter { $0.value > 1 }.max { a, b in
      (a.value, b.key.left, b.key.right) < (b.value, a.key.left, a.key.right)
    }
    return best.map { ($0.key.left, $0.key.right) }
  }

  private struct Pair: Hashable {
    let left: String
    let right: String
  }

  private static func merged(_ symbols: [String], _ pair: (String, String)) -> [String] {
    var result: [String] = []
    for symbol in symbols {
      if symbol == pair.1, result.last == pair.0 {
        result[result.count - 1] += symbol
      } else {
        result.append(symbol)
      }
    }
    return result
  }

  /// Runs of letters, single digits and runs of other signs; one space goes with what follows it.
  private static func words(in text: String) -> [String] {
    var words: [String] = []
    var word = ""
    for character in text {
      if !word.isEmpty, !belongs(character, to: word) {
        words.append(word)
        word = ""
      }
      word.append(character)
    }
    return word.isEmpty ? words : words + [word]
  }

  private static func belongs(_ character: Character, to word: String) -> Bool {
    guard let last = word.last else { return true }
    if character == " " || last.isNumber || character.isNumber { return false }
    return last == " " || last.isLetter == character.isLetter
  }
}
