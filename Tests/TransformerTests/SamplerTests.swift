import Tensor
import Testing
import Transformer

struct SamplerTests {
  /// An even sweep of draws from one row of logits: how often each token was chosen.
  private func counts(
    _ logits: [Float], _ settings: SamplingSettings, seen: [Int32] = [], draws: Int = 1000
  ) -> [Int] {
    var counts = [Int](repeating: 0, count: logits.count)
    let sampler = Sampler(settings)
    for step in 0..<draws {
      let matrix = Matrix(rows: 2, columns: logits.count)
      for (column, value) in logits.enumerated() { matrix[1, column] = value }
      let uniform = (Float(step) + 0.5) / Float(draws)
      counts[Int(sampler.choose(matrix, row: 1, seen: seen, uniform: uniform))] += 1
    }
    return counts
  }

  /// Weights 1, 2, 4 and 8: of a thousand draws 67, 133, 267 and 533.
  private let logits: [Float] = [0, 0.693147, 1.386294, 2.079442]

  @Test func `without heat the likeliest token is taken, the first of several`() {
    #expect(counts([1, 3, 2, 3], SamplingSettings(temperature: 0)) == [0, 1000, 0, 0])
  }

  struct Example: CustomStringConvertible, Sendable {
    let description: String
    let settings: SamplingSettings
    let counts: [Int]

    init(_ description: String, _ settings: SamplingSettings, _ counts: [Int]) {
      self.description = description
      self.settings = settings
      self.counts = counts
    }
  }

  static let examples = [
    Example("as soft-max says", SamplingSettings(temperature: 1), [67, 133, 267, 533]),
    // Weights 1, 4, 16, 64.
    Example("colder", SamplingSettings(temperature: 0.5), [12, 47, 188, 753]),
    Example("two likeliest", SamplingSettings(temperature: 1, topK: 2), [0, 0, 333, 667]),
    Example("half of it all", SamplingSettings(temperature: 1, topP: 0.5), [0, 0, 0, 1000]),
    Example("more than half", SamplingSettings(temperature: 1, topP: 0.55), [0, 0, 333, 667]),
    Example(
      "a quarter of the best", SamplingSettings(temperature: 1, minP: 0.24), [0, 143, 286, 571]),
    // Three are left by min-p, of which two hold 0.8: 12 of 14 parts are more than that.
    Example(
      "one after the other", SamplingSettings(temperature: 1, topK: 3, topP: 0.8, minP: 0.2),
      [0, 0, 333, 667]),
  ]

  @Test(arguments: examples)
  func `tokens are drawn from those that pass, by their weights`(example: Example) {
    let found = counts(logits, example.settings)
    #expect(zip(found, example.counts).allSatisfy { abs($0 - $1) <= 2 }, "\(found)")
  }

  @Test func `tokens that stand in the text become less likely, once for all their places`() {
    var settings = SamplingSettings(temperature: 1)
    settings.repetitionPenalty = 2
    // 2.079 / 2 is a weight of 2.83, and −0.693 · 2 one of 1/4.
    let found = counts([-0.693147, 0, 0, 2.079442], settings, seen: [3, 0, 3, 3])
    let expected = [49, 197, 197, 557]
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 2 }, "\(found)")
    #expect(Sampler(settings).looksBack && !Sampler(SamplingSettings()).looksBack)
  }
}
