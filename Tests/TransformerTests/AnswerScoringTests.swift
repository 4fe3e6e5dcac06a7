import Tensor
import TestSupport
import Testing
import Transformer

struct AnswerScoringTests {
  private let prompt: [Int32] = [5, 9, 2, 17, 4, 30, 11, 8, 3]
  private let answers: [[Int32]] = [[7], [1, 2, 3, 4, 5, 6], [12, 12], [30, 5, 9, 2]]

  @Test func `answers share their prompt, and each is worth what it is alone`() throws {
    let model = try Fixture("qwen3", encoding: .int8).model
    let together = model.logProbabilities([(prompt: prompt, answers: answers)])
    let alone = answers.map { model.logProbabilities([(prompt: prompt, answers: [$0])])[0] }
    #expect(together == alone)
    var batch = TokenBatch()
    batch.add(prompt: prompt, answers: answers)
    #expect(batch.rows == prompt.count + 0 + 5 + 1 + 3)
  }

  @Test(arguments: Fixture.names)
  func `read through a cache of floats the numbers are the same, to the bit`(
    name: String
  ) throws {
    let model = try Fixture(name, encoding: .int8).model
    let long = (0..<300).map { Int32($0 * 7 % 31) }
    for (prompt, answer) in [(prompt, answers[1]), ([3], long), (long, [4]), (long, long)] {
      guard prompt.count + answer.count <= model.contextLimit else { continue }
      let plain = model.logProbabilities([(prompt: prompt, answers: [answer])])[0]
      #expect(model.logProbabilities(of: answer, after: prompt, cache: .float32) == plain)
    }
  }

  /// The mean difference of a log-probability, and that of the means.
  private func cost(
    of precision: KeyValueCache.Precision, _ model: LanguageModel, _ texts: [[Int32]]
  ) -> (each: Float, mean: Float) {
    let differences = texts.flatMap { ids in
      let (prompt, answer) = ([ids[0]], Array(ids.dropFirst()))
      return zip(
        model.logProbabilities(of: answer, after: prompt, cache: precision),
        model.logProbabilities(of: answer, after: prompt, cache: .float32)
      ).map { $0 - $1 }
    }
    let count = Float(differences.count)
    return (
      differences.reduce(0) { $0 + abs($1) } / count, abs(differences.reduce(0, +)) / count
    )
  }

  // With float weights: where activations are rounded to codes, too, the least change of one moves
  // others from code to code, and hides what the cache does.
  @Test(.enabled(if: Shared.isPresent))
  func `a cache of halves or of codes moves stories little`() throws {
    let reference = try ReferenceModel(
      importing: Shared.path("\(Stories260kTests.folder)/stories260K-f32.gguf"),
      encoding: .float32)
    let texts: [ReferenceModel.ScoredText] = try ReferenceModel.lines(
      in: "\(Stories260kTests.reference)/logprobs-f32.jsonl")
    let half = cost(of: .float16, reference.model, texts.map(\.ids))
    let codes = cost(of: .int8, reference.model, texts.map(\.ids))
    print("f16: \(half), int8: \(codes)")
    #expect(half.each < 0.002 && half.mean < 0.0002)
    #expect(codes.each < 0.06 && codes.mean < 0.002)
  }

  @Test(arguments: Fixture.names)
  func `a cache of codes moves random models little`(name: String) throws {
    let fixture = try Fixture(name)
    let codes = cost(of: .int8, fixture.model, fixture.expected.cases.map(\.ids))
    print("\(name): \(codes)")
    #expect(codes.each < 0.01 && codes.each > 0)
  }
}
