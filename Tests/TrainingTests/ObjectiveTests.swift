import Tensor
import TestSupport
import Testing
@testable import Training
import Transformer

/// Objectives on a small model.
@Suite(.enabled(if: Shared.isPresent))
struct ObjectiveTests {
  let tiny: TinyTraining

  init() throws { tiny = try TinyTraining() }

  static let objectives: [Objective] = [
    .preference(SimPO(shape: LeadLoss(.hinge))),
    .preference(SimPO(shape: LeadLoss(labelSmoothing: 0.1)), sftWeight: 0.5),
    .direct(DPO()), .direct(DPO(shape: LeadLoss(.hinge)), sftWeight: 0.1),
  ]

  @Test(arguments: objectives)
  func `every objective makes the chosen lead`(objective: Objective) throws {
    let margins = try reports(tiny.run(tiny.settings(objective))).map { $0.rewardsMargins ?? .nan }
    #expect(try #require(margins.last) > margins[0] + 0.3, "\(margins)")
  }

  @Test func `DPO begins at log 2, where the model is its own reference`() throws {
    let first = try #require(try reports(tiny.run(tiny.settings(.direct(DPO())))).first)
    #expect(abs(first.loss - 0.693147) < 1e-5)
    #expect(first.rewardsMargins == 0 && first.rewardsAccuracies == 0)
  }

  /// (loss(p + h·d) − loss(p − h·d)) / 2h along the gradient d itself is |d|².
  @Test(arguments: objectives + [.preference(SimPO()), .imitation])
  func `the gradient is the slope of the loss`(objective: Objective) throws {
    var settings = tiny.settings(objective, arithmetic: .float)
    settings.batchSize = 12
    let examples = tiny.examples(objective)
    func moved(by distance: Float) throws -> Double {
      let trainer = Trainer(base: try tiny.model(), settings: settings, examples: 12)
      try start(trainer)
      let report = try trainer.accumulate(examples)
      #expect(report.examples == 12)
      for (name, matrix) in trainer.optimiser.parameters {
        guard let gradient = trainer.gradients[name] else { continue }
        matrix.add(gradient, scale: distance)
      }
      return trainer.loss(of: examples)
    }
    let trainer = Trainer(base: try tiny.model(), settings: settings, examples: 12)
    try start(trainer)
    _ = try trainer.accumulate(examples)
    let square = trainer.optimiser.parameters.reduce(0.0) { sum, parameter in
      sum + (trainer.gradients[parameter.name]?.values.reduce(0.0) { $0 + Double($1 * $1) } ?? 0)
    }
    let h = 2e-3 / square.squareRoot()
    let slope = (try moved(by: Float(h)) - moved(by: Float(-h))) / (2 * h)
    #expect(abs(slope - square) < 0.01 * square, "\(slope) for \(square)")
  }

  /// An adapter that already changes something, so that all its gradients do.
  private func start(_ trainer: Trainer) throws {
    var random = CounterRandom(seed: 5, stream: "start")
    for (name, matrix) in trainer.optimiser.parameters where name.hasSuffix("lora_b") {
      for row in 0..<matrix.rows {
        for column in 0..<matrix.columns { matrix[row, column] = 0.05 * random.normal() }
      }
    }
  }
}

extension Matrix {
  fileprivate func add(_ other: Matrix, scale: Float) {
    for row in 0..<rows {
      for column in 0..<columns { self[row, column] += scale * other[row, column] }
    }
  }
}
