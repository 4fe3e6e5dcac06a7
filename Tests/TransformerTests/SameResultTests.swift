import Bytes
import ModelConversion
import ModelFile
import Tensor
import TestSupport
import Testing
import Transformer

/// What is written to a prompt, and what an answer is worth, does not depend on what else is
/// computed, on threads, on shared beginnings or on memory: bit for bit.
struct SameResultTests {
  /// How a job is done, not what is asked.
  struct Way: CustomStringConvertible {
    var slots = 1
    var threads = 1
    var sharesPrefixes = true
    /// Longest sequences that the cache has room for.
    var rooms: Int?
    /// Prompts that are longer are read in pieces.
    var rowsPerStep = 256

    var description: String {
      "\(slots) slots, \(threads) threads, \(sharesPrefixes), \(rooms ?? 0), \(rowsPerStep)"
    }
  }

  static let ways = [
    Way(sharesPrefixes: false), Way(slots: 7, threads: 2), Way(slots: 32),
    Way(slots: 32, threads: 2, sharesPrefixes: false), Way(slots: 32, threads: 2, rooms: 2),
    Way(slots: 7, threads: 2, rowsPerStep: 9), Way(slots: 32, rowsPerStep: .max),
  ]

  /// Prompts of several lengths, of which many begin alike; each is asked for more than one answer.
  private static func requests(_ count: Int, vocabulary: Int) -> [GenerationRequest] {
    var random = CounterRandom(seed: 3, stream: "requests")
    let common = (0..<37).map { _ in Int32(random.next() % UInt64(vocabulary)) }
    return (0..<count).map { index in
      let own = (0..<1 + index / 2 % 23).map { _ in Int32(random.next() % UInt64(vocabulary)) }
      let start = index % 4 == 3 ? [] : common.prefix(index % 4 == 2 ? 20 : 37)
      return GenerationRequest(
        key: UInt64(index / 2), sample: index % 2, prompt: Array(start) + own)
    }
  }

  private func answers(
    _ requests: [GenerationRequest], _ way: Way, tokens: Int, _ precision: Precision,
    model: (Workers) throws -> LanguageModel
  ) throws -> [[Int32]] {
    let model = try model(Workers(threads: way.threads))
    let capacity = 64 + tokens
    let memory = way.rooms.map {
      ByteCount(
        $0 * Generator.bytesPerSlot(model: model, capacity: capacity, precision: precision))
    }
    var generator = Generator(
      model: model, settings: SamplingSettings(temperature: 0.9, maximumTokens: tokens, seed: 5),
      endTokens: [2], slots: way.slots, capacity: capacity,
      cache: CacheSettings(
        precision: precision, memory: memory, sharesPrefixes: way.sharesPrefixes),
      rowsPerStep: way.rowsPerStep)
    let completions = generator.answers(to: requests)
    #expect(completions.map(\.request.key) == requests.map(\.key))
    return completions.map(\.tokens)
  }

  private func scores(
    _ requests: [GenerationRequest], _ answers: [[Int32]], atOnce: Int, _ model: LanguageModel
  ) -> [[UInt32]] {
    let items = zip(requests, answers).filter { !$1.isEmpty }
    return stride(from: 0, to: items.count, by: atOnce).flatMap { first in
      let part = items[first..<min(first + atOnce, items.count)]
      return model.logProbabilities(part.map { (prompt: $0.0.prompt, answers: [$0.1]) })
        .map { $0.map(\.bitPattern) }
    }
  }

  private func expectSameResults(
    requests count: Int, tokens: Int, _ precision: Precision,
    _ open: (Workers) throws -> LanguageModel
  ) throws {
    let vocabulary = try open(Workers(threads: 1)).shape.vocabulary
    let requests = Self.requests(count, vocabulary: vocabulary)
    let expected = try answers(requests, Way(), tokens: tokens, precision, model: open)
    #expect(Set(expected).count > count / 2)
    for way in Self.ways {
      let found = try answers(requests, way, tokens: tokens, precision, model: open)
      #expect(found == expected, "\(way)")
    }
    let done = count / 3
    let rest = try answers(
      Array(requests[done...]), Way(slots: 7), tokens: tokens, precision, model: open)
    #expect(rest == Array(expected[done...]), "after a kill")
    try expectSameScores(requests, expected, open)
  }

  private func expectSameScores(
    _ requests: [GenerationRequest], _ expected: [[Int32]],
    _ open: (Workers) throws -> LanguageModel
  ) throws {
    let alone = scores(requests, expected, atOnce: 1, try open(Workers(threads: 1)))
    for (atOnce, threads) in [(7, 1), (32, 2)] {
      let model = try open(Workers(threads: threads))
      #expect(scores(requests, expected, atOnce: atOnce, model) == alone)
    }
  }

  private typealias Precision = KeyValueCache.Precision

  @Test(.enabled(if: Shared.isPresent), arguments: KeyValueCache.Precision.allCases)
  func `with stories260k`(precision: KeyValueCache.Precision) throws {
    let reference = try ReferenceModel(
      importing: Shared.path("data/stories260k/stories260K-q8_0.gguf"), encoding: .int8)
    let path = reference.folder.file("model.packed")
    try withExtendedLifetime(reference) {
      try expectSameResults(requests: 40, tokens: 30, precision) { workers in
        try LanguageModel(file: PackedModelFile(path: path), workers: workers)
      }
    }
  }

  @Test(arguments: [KeyValueCache.Precision.float16, .int8])
  func `with a random model of 60 million weights`(precision: KeyValueCache.Precision) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("random.packed")
    let shape = ModelShape(
      architecture: .llama, layers: 10, width: 576, feedForward: 1536, heads: 9, keyValueHeads: 3,
      headSize: 64, vocabulary: 40_000, context: 512, normEpsilon: 1e-5, ropeBase: 10_000)
    var metadata = Metadata()
    for (key, value) in shape.metadata { metadata[key] = value }
    let fresh = LanguageModel(
      shape: shape, weights: ModelWeights(initial: shape, seed: 7),
      metadata: metadata, fingerprint: "")
    #expect(fresh.parameterCount > 58_000_000)
    try fresh.write(to: path)
    try expectSameResults(requests: 33, tokens: 4, precision) { workers in
      try LanguageModel(file: PackedModelFile(path: path), workers: workers)
    }
  }
}
