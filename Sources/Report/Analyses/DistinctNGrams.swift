/// How varied a set of texts is in its words.
public enum DistinctNGrams {
  /// Different sequences of `count` words among all texts together, as a share of all such sequences;
  /// 0 where there is none.
  ///
  /// The share falls as a set grows: compare sets of the same size only. Sequences do not cross from
  /// one text to the next.
  public static func share(_ count: Int, of texts: [String]) -> Double {
    var different: Set<ArraySlice<String>> = []
    var all = 0
    for text in texts {
      let sequences = Words.sequences(of: count, in: Words.of(text))
      all += sequences.count
      different.formUnion(sequences)
    }
    return all == 0 ? 0 : Double(different.count) / Double(all)
  }
}
