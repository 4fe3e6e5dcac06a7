/// Finds texts that say nearly the same.
public enum NearDuplicates {
  /// Two texts whose sequences of three words agree for at least this share of all in either.
  public static let likeness = 0.8

  public struct Pair: Codable, Equatable, Sendable {
    /// Places in the list of texts; `second` is the later one.
    public var first: Int
    public var second: Int
    /// Sequences in both as a share of those in either.
    public var likeness: Double
  }

  /// For each text that is nearly an earlier one, the earliest such.
  ///
  /// Only texts that share their rarest sequences are compared (at this likeness they must have one
  /// of their rarest fifth in common), so the time grows with the number of texts, as long as these
  /// are not all alike.
  public static func pairs(in texts: [String]) -> [Pair] {
    let sets = texts.map { Set(shingles(of: $0)) }
    var frequency: [ArraySlice<String>: Int] = [:]
    for set in sets { for shingle in set { frequency[shingle, default: 0] += 1 } }
    var earlier: [ArraySlice<String>: [Int]] = [:]
    var found: [Pair] = []
    for (place, set) in sets.enumerated() {
      let rarest = rarest(of: set, by: frequency)
      let candidates = Set(rarest.flatMap { earlier[$0] ?? [] }).sorted()
      let match = candidates.lazy.map { other in
        Pair(first: other, second: place, likeness: jaccard(sets[other], set))
      }.first { $0.likeness >= likeness }
      // A duplicate leads to the text it is like: only that one is looked for later on.
      if let match {
        found.append(match)
      } else {
        rarest.forEach { earlier[$0, default: []].append(place) }
      }
    }
    return found
  }

  /// Sequences of three words; of a shorter text all its words as one.
  private static func shingles(of text: String) -> [ArraySlice<String>] {
    let words = Words.of(text)
    guard !words.isEmpty else { return [] }
    return words.count < 3 ? [words[...]] : Words.sequences(of: 3, in: words)
  }

  /// With |A∩B| ≥ 0.8 |A∪B|, at most a fifth of A is not in B: of any fifth and one more, one is.
  private static func rarest(
    of set: Set<ArraySlice<String>>, by frequency: [ArraySlice<String>: Int]
  ) -> [ArraySlice<String>] {
    let ranked = set.map { (count: frequency[$0] ?? 0, shingle: $0) }.sorted {
      ($0.count, $0.shingle.joined(separator: " ")) < ($1.count, $1.shingle.joined(separator: " "))
    }
    return ranked.prefix(set.count - Int((likeness * Double(set.count)).rounded(.up)) + 1)
      .map(\.shingle)
  }

  private static func jaccard<Element>(_ a: Set<Element>, _ b: Set<Element>) -> Double {
    let both = a.intersection(b).count
    let either = a.count + b.count - both
    return either == 0 ? 0 : Double(both) / Double(either)
  }
}
