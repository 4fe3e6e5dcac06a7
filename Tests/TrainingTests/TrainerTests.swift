import Testing
import Training
import Transformer

/// Batches whose prompts all begin with the same twenty tokens.
struct TrainerTests {
  private static let tiny = Result { try TinyTraining() }
  private static let beginning = (100..<120).map { Int32($0) }

  private static func examples(_ objective: Objective) throws -> [TrainingExample] {
    try tiny.get().examples(objective, count: 4).map { example in
      let prompt = beginning + example.prompt
      return example.answers.count == 1
        ? TrainingExample(prompt: prompt, completion: example.answers[0])
        : TrainingExample(
          prompt: prompt, chosen: example.answers[0], rejected: example.answers[1])
    }
  }

  /// One step, with at most so many rows in a pass.
  private func step(
    _ objective: Objective, rowsPerPass: Int, dropout: Float = 0
  ) throws -> (report: StepReport, loss: Double) {
    let tiny = try Self.tiny.get()
    var settings = tiny.settings(objective, arithmetic: .float)
    settings.rowsPerPass = rowsPerPass
    settings.adapterDropout = dropout
    let examples = try Self.examples(objective)
    var trainer = Trainer(base: try tiny.model(), settings: settings, examples: examples.count)
    let before = trainer.loss(of: examples)
    return (try trainer.learn(examples), before)
  }

  @Test(arguments: [Objective.imitation, .preference(SimPO()), .direct(DPO()), .reward()])
  func `a beginning read once for all prompts teaches what it teaches read for each`(
    objective: Objective
  ) throws {
    let together = try step(objective, rowsPerPass: 4096)
    let apart = try step(objective, rowsPerPass: 1)
    #expect(abs(together.loss - apart.loss) < 1e-5 * apart.loss)
    #expect(abs(together.report.loss - apart.report.loss) < 1e-5 * apart.report.loss)
    #expect(
      abs(together.report.gradNorm - apart.report.gradNorm) < 1e-3 * apart.report.gradNorm)
    #expect(apart.report.gradNorm > 0)
  }

  @Test func `with dropout each prompt is read by itself, in passes of any size`() throws {
    let together = try step(.preference(SimPO()), rowsPerPass: 4096, dropout: 0.2)
    let apart = try step(.preference(SimPO()), rowsPerPass: 1, dropout: 0.2)
    #expect(abs(together.report.loss - apart.report.loss) < 1e-5 * apart.report.loss)
  }
}
