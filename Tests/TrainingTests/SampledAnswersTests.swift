import Foundation
import Synchronization
import Tensor
import TestSupport
import Testing
@testable import Training
import Transformer

/// What a training makes of the answers that its model writes meanwhile.
@Suite(.enabled(if: Shared.isPresent))
struct SampledAnswersTests {
  let tiny: TinyTraining

  init() throws { tiny = try TinyTraining() }

  @Test func `a model that begins to repeat itself goes back to where it did not`() throws {
    let teller = Script { step in step < 9 ? sound : SampledAnswers(sound, repetitive: 0.6) }
    let (trainer, events) = try run(teller)
    #expect(events.looks.map(\.step) == [0, 3, 6, 9])
    #expect(events.collapse == [9, 6] && trainer.step == 6)
    #expect(try #require(events.reason).contains("19 of 32 answers"))
  }

  @Test func `a model that comes to no end any more goes back, at first to before the first step`()
    throws
  {
    let teller = Script { step in step == 0 ? sound : SampledAnswers(sound, ended: 0.4) }
    let (trainer, events) = try run(teller)
    #expect(events.collapse == [3, 0] && trainer.step == 0)
    let fresh = Trainer(base: try tiny.model(), settings: settings, examples: 12)
    #expect(values(trainer) == values(fresh))
  }

  @Test func `what was so from the beginning is no collapse`() throws {
    let teller = Script { _ in SampledAnswers(answers: 32, length: 9, repetitive: 0.9, ended: 0.1) }
    let (trainer, events) = try run(teller)
    #expect(events.collapse.isEmpty && trainer.step == 18)
  }

  @Test func `looks change nothing of what is learnt`() throws {
    let (trainer, events) = try run(Script { _ in sound })
    #expect(events.looks.count == 7)
    #expect(values(trainer) == values(try tiny.run(settings).run { _ in }))
  }

  @Test func `a training that is too short for a look is not looked at`() throws {
    var settings = settings
    settings.collapse.evalSteps = 19
    let (_, events) = try run(Script { _ in sound }, settings)
    #expect(events.looks.isEmpty)
    settings.collapse.evalSteps = 0
    #expect(try run(Script { _ in sound }, settings).1.looks.isEmpty)
  }

  @Test(arguments: [0, 2, 5, 8])
  func `broken off anywhere it collapses at the same step, and its result is the same`(
    step: Int
  ) throws {
    let script = Script { step in step < 9 ? sound : SampledAnswers(sound, ended: 0) }
    let whole = values(try run(script).0)
    let broken = try training(script, settings, place: "broken-\(step)")
    #expect(throws: Broken.self) {
      try broken.run { event in
        if case .step(let report) = event, report.step == step + 1 { throw Broken() }
      }
    }
    var looks: [Int] = []
    let trainer = try broken.run { event in
      if case .sampled(let step, _) = event { looks.append(step) }
    }
    #expect(looks.last == 9 && (step == 0 || looks.first != 0))
    #expect(trainer.step == 6 && values(trainer) == whole)
  }

  @Test func `a checkpoint of a training that looks elsewhere is not taken up`() throws {
    _ = try training(Script { _ in sound }, settings, place: "same").run { _ in }
    var resumed: Int?
    _ = try training(Script(name: "other") { _ in sound }, settings, place: "same").run { event in
      if case .resumed(let step) = event { resumed = step }
    }
    #expect(resumed == nil)
  }

  @Test func `a gradient that is no number ends with the last sound state`() throws {
    var settings = settings
    settings.learningRate = 3e37
    settings.warmupRatio = 0
    let (trainer, events) = try run(Script { _ in sound }, settings)
    #expect(try #require(events.reason).contains("no finite number"))
    #expect(trainer.step == events.collapse[1])
    #expect(values(trainer).allSatisfy { $0.allSatisfy(\.isFinite) })
  }

  private let sound = SampledAnswers(answers: 32, length: 9, repetitive: 0.1, ended: 0.9)

  private struct Broken: Error {}

  private struct Events {
    var looks: [(step: Int, answers: SampledAnswers)] = []
    /// The step of the collapse and that of the state taken up; empty without one.
    var collapse: [Int] = []
    var reason: String?
  }

  private var settings: TrainingSettings {
    var settings = tiny.settings(.preference(SimPO()))
    settings.collapse.evalSteps = 3
    settings.saveSteps = 1
    return settings
  }

  private func run(
    _ script: Script, _ settings: TrainingSettings? = nil
  ) throws -> (Trainer, Events) {
    var events = Events()
    let place = "run-\(UUID().uuidString)"
    let trainer = try training(script, settings ?? self.settings, place: place).run { event in
      switch event {
      case .sampled(let step, let answers): events.looks.append((step, answers))
      case .collapsed(let step, let reason, let backTo):
        events.collapse = [step, backTo]
        events.reason = reason
      default: break
      }
    }
    return (trainer, events)
  }

  private func training(
    _ script: Script, _ settings: TrainingSettings, place: String
  ) throws -> TrainingRun {
    TrainingRun(
      base: try tiny.model(), settings: settings, examples: tiny.examples(settings.objective),
      sampling: script, folder: tiny.folder.file(place))
  }
}

/// Says what a model would have written after so many steps, which it tells from the adapter: that of
/// a step is the same whenever it is asked, and so is what is said.
private final class Script: AnswerSampling {
  let identity: String
  private let answers: @Sendable (Int) -> SampledAnswers
  /// Adapters that were seen, in the order of their steps, every third.
  private let seen = Mutex<[[Float]]>([])

  init(name: String = "script", _ answers: @escaping @Sendable (Int) -> SampledAnswers) {
    identity = name
    self.answers = answers
  }

  func sample(_ model: LanguageModel, _ adapter: Adapter?) -> SampledAnswers {
    let numbers = adapter?.parameters.flatMap { $0.matrix.values } ?? []
    let place = seen.withLock { seen in
      if let place = seen.firstIndex(of: numbers) { return place }
      seen.append(numbers)
      return seen.count - 1
    }
    return answers(3 * place)
  }
}

extension SampledAnswers {
  fileprivate init(_ other: SampledAnswers, repetitive: Double? = nil, ended: Double? = nil) {
    self = other
    if let repetitive { self.repetitive = repetitive }
    if let ended { self.ended = ended }
  }
}
