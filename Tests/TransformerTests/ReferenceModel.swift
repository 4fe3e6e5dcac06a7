import Foundation
import ModelConversion
import ModelFile
import Tensor
import TestSupport
import Testing
import Transformer

/// A real model with what PyTorch said of it: log-probabilities of texts, and greedy continuations.
struct ReferenceModel {
  let model: LanguageModel
  let folder: TemporaryFolder

  init(importing path: String, encoding: WeightEncoding) throws {
    folder = try TemporaryFolder()
    let packed = folder.file("model.packed")
    _ = try ModelImport.run(from: path, to: packed, encoding: encoding)
    model = try LanguageModel(file: PackedModelFile(path: packed))
  }

  struct ScoredText: Decodable {
    let ids: [Int32]
    let logprobs: [Float]
  }

  struct Continuation: Decodable {
    let promptIds: [Int32]
    let greedyIds: [Int32]
  }

  static func lines<T: Decodable>(_: T.Type = T.self, in path: String) throws -> [T] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try String(contentsOfFile: Shared.path(path), encoding: .utf8)
      .split(separator: "\n").map { try decoder.decode(T.self, from: Data($0.utf8)) }
  }

  /// How far this model's log-probabilities are from the reference's, over all texts.
  func distance(
    to texts: [ScoredText], arithmetic: Arithmetic
  ) -> (meanAbsolute: Float, largest: Float, largestMeanShift: Float) {
    var sum: Float = 0
    var count: Float = 0
    var largest: Float = 0
    var largestShift: Float = 0
    for text in texts {
      let scored = model.logProbabilities(
        [(prompt: [text.ids[0]], answers: [Array(text.ids.dropFirst())])],
        arithmetic: arithmetic)[0]
      let differences = zip(scored, text.logprobs).map { $0 - $1 }
      sum += differences.reduce(0) { $0 + abs($1) }
      count += Float(differences.count)
      largest = max(largest, differences.map(abs).max() ?? 0)
      let shift = abs(differences.reduce(0, +)) / Float(differences.count)
      if text.ids.count >= 50 { largestShift = max(largestShift, shift) }
    }
    return (sum / count, largest, largestShift)
  }

  func greedy(after prompt: [Int32], count: Int) -> [Int32] {
    let settings = SamplingSettings(temperature: 0, maximumTokens: count)
    var generator = Generator(
      model: model, settings: settings, endTokens: [], slots: 1,
      capacity: prompt.count + count + 1, cache: CacheSettings(precision: .float32))
    return generator.answers(to: [GenerationRequest(key: 0, prompt: prompt)])[0].tokens
  }
}
