internal import Foundation

/// How like the prompts of a set are to each other: for each the mean cosine to all the others, as in
/// the SynPO paper's figure 5, with vectors of weighted words instead of a model's sentence vectors.
/// Compare sets under the same measure only; the paper's own values are of another.
public enum PromptLikeness {
  /// Of larger sets only as many are compared.
  public static let sample = 1000

  /// For each text its mean cosine to all others; empty for fewer than two texts.
  ///
  /// A text's vector holds its words' counts, each times 1 + ln((1 + N) / (1 + n)), where n of the N
  /// texts have the word. With unit vectors eᵢ and their sum s the mean is (eᵢ·s − eᵢ·eᵢ) / (N − 1), so
  /// the cost grows with the number of words, not with the number of pairs.
  public static func means(of texts: [String]) -> [Double] {
    guard texts.count > 1 else { return [] }
    let vectors = unitVectors(of: texts)
    var sum: [String: Double] = [:]
    for vector in vectors {
      for (word, weight) in vector { sum[word, default: 0] += weight }
    }
    return vectors.map { vector in
      // In the words' order: sums of floats depend on theirs, and a dictionary's is another each time.
      let words = vector.sorted { $0.key < $1.key }
      let all = words.reduce(0) { $0 + $1.value * (sum[$1.key] ?? 0) }
      let own = words.reduce(0) { $0 + $1.value * $1.value }
      return (all - own) / Double(texts.count - 1)
    }
  }

  /// A text without words has the empty vector.
  static func unitVectors(of texts: [String]) -> [[String: Double]] {
    let counts = texts.map { text in
      Dictionary(Words.of(text).map { ($0, 1.0) }, uniquingKeysWith: +)
    }
    var textsWith: [String: Double] = [:]
    for count in counts { for word in count.keys { textsWith[word, default: 0] += 1 } }
    return counts.map { count in
      let weighted = count.map { word, times in
        (word, times * (1 + log(Double(1 + texts.count) / (1 + (textsWith[word] ?? 0)))))
      }.sorted { $0.0 < $1.0 }
      let length = weighted.reduce(0) { $0 + $1.1 * $1.1 }.squareRoot()
      return Dictionary(uniqueKeysWithValues: weighted.map { ($0.0, $0.1 / length) })
    }
  }
}
