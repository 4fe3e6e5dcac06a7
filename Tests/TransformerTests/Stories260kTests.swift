import TestSupport
import Testing
import Transformer

@Suite(.enabled(if: Shared.isPresent))
struct Stories260kTests {
  static let folder = "data/stories260k"
  static var reference: String { "\(folder)/reference" }

  @Test func `floats give PyTorch's log-probabilities and tokens`() throws {
    let reference = try ReferenceModel(
      importing: Shared.path("\(Self.folder)/stories260K-f32.gguf"), encoding: .float32)
    // The numbers in the file are rounded to five digits.
    for arithmetic in [Arithmetic.rowwise, .float] {
      let distance = reference.distance(
        to: try ReferenceModel.lines(in: "\(Self.reference)/logprobs-f32.jsonl"),
        arithmetic: arithmetic)
      #expect(distance.largest < 2e-4)
    }
    let continuations: [ReferenceModel.Continuation] = try ReferenceModel.lines(
      in: "\(Self.reference)/greedy-f32.jsonl")
    for text in continuations {
      #expect(
        reference.greedy(after: text.prompt_ids, count: text.greedy_ids.count) == text.greedy_ids)
    }
  }

  @Test(arguments: ["stories260K-f32.gguf", "stories260K-q8_0.gguf"])
  func `int8 stays within 0.05 a token`(file: String) throws {
    let reference = try ReferenceModel(
      importing: Shared.path("\(Self.folder)/\(file)"), encoding: .int8)
    let distance = reference.distance(
      to: try ReferenceModel.lines(in: "\(Self.reference)/logprobs-q8_0.jsonl"),
      arithmetic: .rowwise)
    #expect(distance.meanAbsolute < 0.05)
    #expect(distance.largestMeanShift < 0.05)
  }

  @Test func `what is written to a prompt does not depend on what else is`() throws {
    let reference = try ReferenceModel(
      importing: Shared.path("\(Self.folder)/stories260K-q8_0.gguf"), encoding: .int8)
    let texts: [ReferenceModel.ScoredText] = try ReferenceModel.lines(
      in: "\(Self.reference)/logprobs-q8_0.jsonl")
    let requests = (0..<20).map { index in
      GenerationRequest(
        key: UInt64(index), sample: index % 3,
        prompt: Array(texts[index % texts.count].ids.prefix(3 + 7 * index)))
    }
    let settings = SamplingSettings(temperature: 0.9, maximumTokens: 40, seed: 5)
    var answers: [[[Int32]]] = []
    for slots in [1, 7, 20] {
      var generator = Generator(
        model: reference.model, settings: settings, endTokens: [2], slots: slots, capacity: 200)
      let completions = generator.answers(to: requests)
      #expect(completions.map(\.request.key) == requests.map(\.key))
      answers.append(completions.map(\.tokens))
    }
    #expect(answers[0] == answers[1] && answers[1] == answers[2])
    #expect(Set(answers[0]).count > 10)
  }
}
