import Testing

@testable import Report

struct TextAnalysisTests {
  @Test func `distinct-n counts different sequences of words, within texts only`() {
    let texts = ["the cat saw the cat", "The cat!"]
    // 7 words, 3 different; pairs: the cat, cat saw, saw the, the cat | the cat.
    #expect(DistinctNGrams.share(1, of: texts) == 3.0 / 7)
    #expect(DistinctNGrams.share(2, of: texts) == 3.0 / 5)
    #expect(DistinctNGrams.share(3, of: texts) == 1)
    #expect(DistinctNGrams.share(2, of: ["one", ""]) == 0)
  }

  @Test func `likeness is the mean cosine to all others`() {
    let texts = [
      "sort the words from a to z", "sort these words by length", "count the letters of leave",
      "count", "", "sort the words from a to z",
    ]
    let vectors = PromptLikeness.unitVectors(of: texts)
    func cosine(_ a: Int, _ b: Int) -> Double {
      vectors[a].reduce(0) { $0 + $1.value * (vectors[b][$1.key] ?? 0) }
    }
    let means = PromptLikeness.means(of: texts)
    for (place, mean) in means.enumerated() {
      let others = texts.indices.filter { $0 != place }.map { cosine(place, $0) }
      #expect(abs(mean - others.reduce(0, +) / Double(others.count)) < 1e-12, "\(place)")
    }
    #expect(abs(cosine(0, 5) - 1) < 1e-12)
    #expect(means[4] == 0)
  }

  @Test func `the weights are those of TF-IDF, smoothed`() {
    // Two texts of two words each, one in common: ln(3/3) + 1 = 1 and ln(3/2) + 1 = 1.405465.
    let means = PromptLikeness.means(of: ["red apple", "red pear"])
    let cosine = 1 / (1 + 1.405465108108164 * 1.405465108108164)
    #expect(abs(means[0] - cosine) < 1e-12 && abs(means[1] - cosine) < 1e-12)
    #expect(PromptLikeness.means(of: ["alone"]).isEmpty)
  }

  @Test func `likeness does not depend on the order of the texts`() {
    let texts = (0..<40).map { "word\($0 % 7) and word\($0 % 5) or word\($0 % 3)" }
    let means = PromptLikeness.means(of: texts)
    #expect(means == PromptLikeness.means(of: texts))
    let turned = PromptLikeness.means(of: texts.reversed())
    for (one, other) in zip(means, turned.reversed()) { #expect(abs(one - other) < 1e-12) }
  }

  @Test func `near duplicates are those that a comparison of all with all finds`() {
    var texts: [String] = []
    for number in 0..<60 {
      // Six texts of thirty words each that differ in one word.
      var text = (0..<30).map { "w\(number / 6)x\($0)" }
      if number % 6 > 0 { text[(7 * number) % 30] = "zebra\(number % 3)" }
      texts.append(text.joined(separator: " "))
    }
    let found = NearDuplicates.pairs(in: texts)
    #expect(Set(found.map(\.second)) == Set(allAgainstAll(texts)))
    #expect(found.count > 20)
    for pair in found { #expect(pair.first < pair.second && pair.likeness >= 0.8) }
  }

  /// Places of texts that are nearly an earlier one which is itself no duplicate.
  private func allAgainstAll(_ texts: [String]) -> [Int] {
    let sets = texts.map { text in
      let words = text.split(separator: " ")
      return Set((0..<words.count - 2).map { words[$0..<$0 + 3].joined(separator: " ") })
    }
    var kept: [Int] = []
    return texts.indices.filter { place in
      let isDuplicate = kept.contains { other in
        let both = Double(sets[place].intersection(sets[other]).count)
        return both / Double(sets[place].union(sets[other]).count) >= 0.8
      }
      if !isDuplicate { kept.append(place) }
      return isDuplicate
    }
  }

  @Test func `coverage counts keywords that the prompt has as words`() {
    let prompt = "Where did the old lighthouse-keeper put his New York map?"
    #expect(KeywordCoverage.share(of: ["lighthouse", "map", "ship"], in: prompt) == 2.0 / 3)
    #expect(KeywordCoverage.share(of: ["new york", "light"], in: prompt) == 0.5)
    #expect(KeywordCoverage.share(of: [], in: prompt) == 1)
  }

  @Test func `a distribution tells quantiles, and every number is in a bin`() throws {
    let values = (0...100).map(Double.init)
    let numbers = try #require(Distribution(values, bins: 10))
    #expect(numbers.mean == 50 && numbers.median == 50)
    #expect(abs(numbers.tenth - 10) < 1e-9 && abs(numbers.ninetieth - 90) < 1e-9)
    #expect(numbers.bins.reduce(0, +) == 101)
    let outside = try #require(Distribution([-5, 0.5, 99], bins: 4, range: 0...1))
    #expect(outside.bins == [1, 0, 1, 1])
    #expect(try #require(Distribution([3, 3])).bins.reduce(0, +) == 2)
    #expect(Distribution([.nan]) == nil)
  }

  @Test func `an analysis of nothing is all zeroes, not a trap`() {
    let nothing = TextAnalysis([])
    #expect(nothing.count == 0 && nothing.words == nil && nothing.nearDuplicates == 0)
    #expect(TextAnalysis(["", " "]).count == 2)
    #expect(TextAnalysis(["one two"], tokens: { $0.count }).tokens?.mean == 7)
  }
}
