import ModelConversion
import ModelFile
import TestSupport
import Testing
import Training
import Transformer

/// 200 steps against PyTorch's, over the same int8 weights, data and adapter to begin with.
@Suite(.enabled(if: Shared.isPresent))
struct TrainingCurveTests {
  @Test(arguments: [Arithmetic.float, .int8])
  func `the loss goes PyTorch's way for 200 steps`(arithmetic: Arithmetic) throws {
    let losses = try curve(arithmetic)
    let expected = PyTorchCurve.losses
    #expect(abs(losses[0] - expected[0]) < (arithmetic == .float ? 1e-4 : 1e-2) * expected[0])
    // Losses of ten steps together: single ones are small near the end.
    for first in stride(from: 0, to: expected.count, by: 10) {
      let (a, b) = (sum(losses, from: first), sum(expected, from: first))
      #expect(abs(a - b) < 0.02 * max(b, 1), "steps \(first)...: \(a) for \(b)")
    }
    let apart = zip(losses, expected).reduce(0) { $0 + abs($1.0 - $1.1) }
    let area = expected.reduce(0, +)
    #expect(apart < (arithmetic == .float ? 0.002 : 0.02) * area, "\(apart / area)")
  }

  private func sum(_ losses: [Double], from first: Int) -> Double {
    losses[first..<first + 10].reduce(0, +)
  }

  private func curve(_ arithmetic: Arithmetic) throws -> [Double] {
    let folder = try TemporaryFolder()
    let packed = folder.file("model.packed")
    _ = try ModelImport.run(from: Shared.path("fixtures/llama"), to: packed, encoding: .int8)
    let model = try LanguageModel(file: PackedModelFile(path: packed))
    let adapter = try AdapterFile.read(
      folder: Shared.path("fixtures/llama/adapter"), shape: model.shape)
    var settings = TrainingSettings(
      objective: .preference(SimPO(beta: 2, gamma: 1.6)),
      part: .adapter(targets: LinearName.allCases, rank: adapter.rank, alpha: adapter.alpha))
    settings.arithmetic = arithmetic
    settings.learningRate = 1e-3
    settings.schedule = .constant
    settings.warmupRatio = 0
    settings.batchSize = 4
    var trainer = Trainer(base: model, settings: settings, examples: 24, adapter: adapter)
    let pairs = Self.pairs
    return try PyTorchCurve.losses.indices.map { step in
      try trainer.learn((0..<4).map { pairs[(step * 4 + $0) % 24] }).loss
    }
  }

  /// The numbers of tools/golden/make_training_curve.py.
  private static var pairs: [TrainingExample] {
    var state: UInt64 = 7
    func tokens(_ count: Int) -> [Int32] {
      (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int32(4 + (state >> 33) % 465)
      }
    }
    return (0..<24).map { index in
      TrainingExample(
        prompt: tokens(5 + index % 7), chosen: tokens(6 + index % 5) + [1],
        rejected: tokens(8 - index % 3) + [1])
    }
  }
}
