import Bytes
import Foundation
import ModelConversion
import ModelFile
import Tensor
import TestSupport
import Testing
import Transformer

/// Small random models with what PyTorch says of them: those of the shared folder, where it is
/// there, and ``GoldenModel``.
struct Fixture {
  let name: String
  let model: LanguageModel
  let expected: Expected
  let folder: TemporaryFolder
  let adapterFolder: String

  static let names =
    (Shared.isPresent ? ["llama", "llama-tied", "mistral", "qwen2"] : [])
    + GoldenModel.all.map(\.name)

  init(_ name: String, encoding: WeightEncoding = .float32) throws {
    self.name = name
    folder = try TemporaryFolder()
    let packed = folder.file("\(name).packed")
    let golden = GoldenModel.named(name)
    let source = golden == nil ? Shared.path("fixtures/\(name)") : folder.file(name)
    try golden?.write(to: source)
    adapterFolder = source + "/adapter"
    _ = try ModelImport.run(from: source, to: packed, encoding: encoding)
    model = try LanguageModel(file: PackedModelFile(path: packed))
    let json =
      try golden?.expected() ?? Data(contentsOf: URL(filePath: source + "/expected.json"))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    expected = try decoder.decode(Expected.self, from: json)
  }

  struct Expected: Decodable {
    struct Case: Decodable {
      let ids: [Int32]
      let lastLogits: [Float]
      let logprobs: [Float]
      let greedy: [Int32]
    }
    struct Gradient: Decodable {
      let norm: Double
      let head: [Float]
    }
    struct Preference: Decodable {
      let prompt: [Int32]
      let chosen: [Int32]
      let rejected: [Int32]
      let beta: Float
      let gamma: Float
      let chosenAvgLogp: Float
      let rejectedAvgLogp: Float
      let loss: Float
      let grads: [String: Gradient]
    }
    struct AdaptedPreference: Decodable {
      let loss: Float
      let chosenAvgLogp: Float
      let rejectedAvgLogp: Float
      let grads: [String: Gradient]
    }
    let cases: [Case]
    let simpo: Preference
    let loraSimpo: AdaptedPreference
  }
}

struct FixtureTests {
  @Test(arguments: Fixture.names)
  func `logits, log-probabilities and greedy tokens are PyTorch's`(name: String) throws {
    let fixture = try Fixture(name)
    for expected in fixture.expected.cases {
      let logits = lastLogits(of: expected.ids, fixture.model)
      #expect(largestDifference(logits, expected.lastLogits) < 1e-4)
      for arithmetic in [Arithmetic.rowwise, .float] {
        let scored = fixture.model.logProbabilities(
          [(prompt: [expected.ids[0]], answers: [Array(expected.ids.dropFirst())])],
          arithmetic: arithmetic)
        #expect(largestDifference(scored[0], expected.logprobs) < 1e-4)
      }
      #expect(greedy(expected.ids, count: expected.greedy.count, fixture.model) == expected.greedy)
    }
  }

  @Test(arguments: Fixture.names)
  func `int8 weights stay near the float model`(name: String) throws {
    let fixture = try Fixture(name, encoding: .int8)
    var sum: Float = 0
    var count: Float = 0
    for expected in fixture.expected.cases {
      let scored = fixture.model.logProbabilities(
        [(prompt: [expected.ids[0]], answers: [Array(expected.ids.dropFirst())])])
      sum += zip(scored[0], expected.logprobs).reduce(0) { $0 + abs($1.0 - $1.1) }
      count += Float(expected.logprobs.count)
    }
    #expect(sum / count < 0.1)
  }

  private func lastLogits(of ids: [Int32], _ model: LanguageModel) -> [Float] {
    let pages = Int32(KeyValueCache.pages(for: ids.count))
    var rows = DecodingRows()
    rows.append(ids, position: 0, pages: Array(0..<pages))
    let cache = model.makeCache(pages: Int(pages), precision: .float32)
    let hidden = model.decode(rows, cache: cache, wanted: [ids.count - 1])
    return model.logits(hidden).row(0)
  }

  private func greedy(_ prompt: [Int32], count: Int, _ model: LanguageModel) -> [Int32] {
    let settings = SamplingSettings(temperature: 0, maximumTokens: count)
    var generator = Generator(
      model: model, settings: settings, endTokens: [], slots: 1,
      capacity: prompt.count + count + 1, cache: CacheSettings(precision: .float32))
    return generator.answers(to: [GenerationRequest(key: 0, prompt: prompt)])[0].tokens
  }
}

func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
  #expect(a.count == b.count)
  return zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
}
