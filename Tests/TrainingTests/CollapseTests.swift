import Foundation
import Tensor
import TestSupport
import Testing
@testable import Training
import Transformer

/// What happens when a training, its data or its disk go wrong.
@Suite(.enabled(if: Shared.isPresent))
struct CollapseTests {
  let tiny: TinyTraining

  init() throws { tiny = try TinyTraining() }

  @Test func `a training that makes its answers unlikely goes back to where it was sound`() throws {
    var settings = tiny.settings(.preference(SimPO(), sftWeight: -2))
    settings.learningRate = 2e-2
    settings.collapse.maximumDrop = 0.5
    settings.collapse.window = 2
    settings.saveSteps = 1
    var collapse: (step: Int, backTo: Int)?
    let run = try tiny.run(settings, folder: tiny.folder.file("collapsing"))
    let trainer = try run.run { event in
      if case .collapsed(let step, _, let backTo) = event { collapse = (step, backTo) }
    }
    let found = try #require(collapse)
    #expect(found.backTo < found.step && found.step < 18)
    #expect(trainer.step == found.backTo)
  }

  @Test func `without a state to go back to a collapse is an error that says so`() throws {
    var settings = tiny.settings(.preference(SimPO(), sftWeight: -2))
    settings.learningRate = 2e-2
    settings.collapse.maximumDrop = 0.5
    settings.collapse.window = 2
    let error = #expect(throws: TrainingError.self) { _ = try tiny.run(settings).run { _ in } }
    #expect("\(try #require(error))".contains("less likely"))
  }

  @Test func `what does not help held-back examples ends with the state that helped most`() throws {
    var settings = tiny.settings(.imitation)
    settings.epochs = 30
    settings.collapse.evalSteps = 2
    settings.collapse.patience = 2
    settings.collapse.maximumDrop = 0
    var looks: [(step: Int, loss: Double)] = []
    var backTo: Int?
    let run = try tiny.run(settings, heldBack: 6, folder: tiny.folder.file("overfitting"))
    let trainer = try run.run { event in
      if case .looked(let step, let loss, _) = event { looks.append((step, loss)) }
      if case .collapsed(_, _, let step) = event { backTo = step }
    }
    let lowest = try #require(looks.min { $0.loss < $1.loss })
    #expect(backTo == lowest.step && trainer.step == lowest.step)
    #expect(looks.count >= 3)
  }

  @Test func `a gradient that is no number changes nothing and is an error`() throws {
    var trainer = Trainer(
      base: try tiny.model(), settings: tiny.settings(.preference(SimPO())), examples: 12)
    let batch = Array(tiny.examples(.preference(SimPO())).prefix(4))
    _ = try trainer.learn(batch)
    let before = values(trainer)
    let sums = try trainer.accumulate(batch)
    let name = trainer.optimiser.parameters[3].name
    try #require(trainer.gradients[name])[0, 0] = .nan
    #expect(throws: TrainingError.notFinite(step: 1, what: "gradient")) {
      _ = try trainer.apply(sums)
    }
    #expect(values(trainer) == before && trainer.step == 1)
  }

  @Test func `an example without finite numbers is left out, and the others count in full`() throws
  {
    let settings = tiny.settings(.preference(SimPO()))
    let examples = Array(tiny.examples(.preference(SimPO())).prefix(4))
    let base = try tiny.model()
    // The embedding of one token is no number any more.
    var model = base
    let embedding = base.weights.embedding.floats(rows: 0..<base.shape.vocabulary)
    let poison = try #require(
      examples[1].prompt.first { token in
        !examples.enumerated().contains { index, example in
          index != 1 && (example.prompt + example.answers.joined()).contains(token)
        }
      })
    embedding[Int(poison), 0] = .nan
    model.weights.output = base.weights.output ?? base.weights.embedding
    model.weights.embedding = .dense(DenseMatrix(embedding))
    var (ill, sound) = (
      Trainer(base: model, settings: settings, examples: 4),
      Trainer(base: base, settings: settings, examples: 4)
    )
    let found = try ill.learn(examples)
    let expected = try sound.learn([examples[0], examples[2], examples[3]])
    #expect(found.notFinite == 1 && expected.notFinite == nil)
    #expect(abs(found.loss - expected.loss) < 1e-5)
    #expect(abs(found.gradNorm - expected.gradNorm) < 1e-4 * expected.gradNorm)
  }

  @Test func `of a checkpoint that is cut in half nothing is used`() throws {
    let settings = tiny.settings(.imitation)
    let place = tiny.folder.file("cut")
    let whole = values(try tiny.run(settings, folder: place).run { _ in })
    let newest = URL(filePath: "\(place)/checkpoint-18.state")
    let bytes = try Data(contentsOf: newest)
    try bytes.prefix(bytes.count / 2).write(to: newest)
    var resumed: Int?
    let trainer = try tiny.run(settings, folder: place).run { event in
      if case .resumed(let step) = event { resumed = step }
    }
    #expect(resumed == 15 && values(trainer) == whole)
  }

  @Test func `a checkpoint that cannot be saved ends the training with its place`() throws {
    let file = tiny.folder.file("no-folder")
    try Data().write(to: URL(filePath: file))
    let run = try tiny.run(tiny.settings(.imitation), folder: "\(file)/below")
    let error = #expect(throws: TrainingError.self) { _ = try run.run { _ in } }
    #expect("\(try #require(error))".hasPrefix("\(file)/below/"))
  }

  @Test func `an adapter for a model of another shape is refused`() throws {
    let place = tiny.folder.file("other")
    let other = Adapter(
      shape: try tiny.model().shape, targets: [.query], rank: 2, alpha: 4, seed: 1)
    try AdapterFile.write(other, to: place, baseModel: "tiny")
    var shape = try tiny.model().shape
    shape.width *= 2
    #expect(throws: TransformerError.self) { _ = try AdapterFile.read(folder: place, shape: shape) }
  }
}
