import Testing

@testable import SynPO

/// The arithmetic of a plan, from rates and counts that are given.
struct PlanTests {
  @Test
  func `a step between two that were measured lies on a line, beyond them it is in proportion`() {
    let rates = WritingRates(reading: 0, steps: [step(1, 2), step(5, 6), step(10, 9)])
    #expect(rates.seconds(ofStep: 1) == 2)
    #expect(rates.seconds(ofStep: 3) == 4)
    #expect(rates.seconds(ofStep: 10) == 9)
    #expect(rates.seconds(ofStep: 20) == 18)
  }

  @Test func `sequences write together until each has ended, and the next takes its place`() {
    // A step of n takes 10 + n seconds.
    let rates = WritingRates(reading: 0.5, steps: [step(1, 11), step(2, 12)])
    let load = WritingLoad(items: 3, prompts: [4], answers: [3, 5, 2])
    // Twelve tokens are read. The first token of each comes with its prompt: 2, 4 and 1 steps are
    // left. Two together for two steps, then the third beside the second, then that one alone.
    let (reading, two, one) = (6.0, 12.0, 11.0)
    #expect(rates.seconds(load, slots: 2) == reading + 3 * two + one)
    #expect(rates.seconds(load, slots: 1) == reading + 7 * one)
  }

  @Test func `one step at a time comes to the same as going from end to end`() {
    let rates = WritingRates(reading: 0.01, steps: [step(1, 3), step(4, 5), step(16, 12)])
    let load = WritingLoad(
      items: 57, prompts: [9, 4, 20], answers: (0..<40).map { 1 + $0 * 17 % 23 }, shared: 3)
    for slots in [1, 3, 16, 100] {
      #expect(abs(rates.seconds(load, slots: slots) - slow(rates, load, slots)) < 1e-9)
    }
  }

  @Test func `what prompts begin with is read once`() {
    let load = WritingLoad(items: 10, prompts: [20, 30], answers: [1], shared: 16)
    #expect(load.promptTokens == 16 + 5 * 4 + 5 * 14)
  }

  @Test func `nothing to write takes no time`() {
    let rates = WritingRates(reading: 1, steps: [step(4, 2)])
    #expect(rates.seconds(WritingLoad(items: 0, prompts: [5], answers: [9]), slots: 4) == 0)
  }

  @Test func `a plan has the parts of a run in their order`() {
    let plan = Plan(settings: settings(), work: work, rates: rates)
    #expect(
      plan.parts.filter { $0.iteration == 0 }.map(\.name)
        == ["import", "seeds", "scorer", "generator", "validation"])
    for iteration in 1...2 {
      #expect(
        plan.parts.filter { $0.iteration == iteration }.map(\.name) == [
          "keywords", "prompts", "seed answers", "improver", "drafts", "rewrites", "baselines",
          "pairs", "policy", "validation",
        ])
    }
  }

  @Test func `trainings take what their rows, checkpoints and looks take`() throws {
    let plan = Plan(settings: settings(), work: work, rates: rates)
    // 100 examples of 30 rows, three times, at a tenth of a second a row; 3 · 13 steps of 8, of which
    // every 20th is saved; the result.
    let generator = try #require(plan.part("generator", 0))
    let learning = 900.0
    #expect(abs(generator.seconds - (learning + 2 + 3)) < 1e-9)
    #expect(generator.diskBytes > 1000 && generator.passingBytes == 500)
    // Half of the 60 prompts give pairs, of which 20 may join: 20, then 40 pairs of 50 rows.
    #expect(plan.part("policy", 1)?.items == 20)
    let policy = try #require(plan.part("policy", 2))
    #expect(policy.items == 40)
    #expect(abs(policy.seconds - 203) < 1e-9)
  }

  @Test func `looks at what a policy writes count where the training is long enough for one`() {
    var settings = settings()
    settings.policy.evalSteps = 2
    let without = Plan(settings: self.settings(), work: work, rates: rates)
    let with = Plan(settings: settings, work: work, rates: rates)
    #expect(with.part("policy", 1)?.seconds ?? 0 > without.part("policy", 1)?.seconds ?? 0)
    settings.policy.evalSteps = 1000
    #expect(
      Plan(settings: settings, work: work, rates: rates).part("policy", 1)
        == without.part("policy", 1))
  }

  @Test func `an adapter's speed counts where one is in use`() throws {
    var settings = settings()
    settings.policy.learning.method = .lora
    let plan = Plan(settings: settings, work: work, rates: rates)
    let (first, second) = (plan.part("drafts", 1), plan.part("drafts", 2))
    // The rates with an adapter are ten times those without; answers are not ten times as short.
    #expect(try #require(second).seconds > 4 * (try #require(first).seconds))
    #expect(plan.part("baselines", 2)?.seconds == plan.part("baselines", 1)?.seconds)
  }

  @Test(arguments: Recipe.allCases)
  func `sums are those of the parts, whatever the recipe`(recipe: Recipe) {
    var settings = settings()
    settings.recipe = recipe
    let plan = Plan(settings: settings, work: work, rates: rates)
    #expect(plan.parts.allSatisfy { $0.seconds.isFinite && $0.seconds >= 0 })
    let sums = (0...2).map { plan.seconds(ofIteration: $0) }.reduce(0, +)
    #expect(abs(plan.seconds - sums) < 1e-6)
    #expect(plan.ownBytes == 900)
    #expect(plan.highestDiskBytes >= plan.diskBytes)
    #expect(plan.part("improver", 1) != nil || recipe != .synpo)
  }

  @Test func `without an improver there is no part for it`() {
    var settings = settings()
    settings.useImprover = false
    let plan = Plan(settings: settings, work: work, rates: rates)
    for name in ["improver", "rewrites", "seed answers"] { #expect(plan.part(name, 1) == nil) }
  }

  private func step(_ sequences: Int, _ seconds: Double) -> WritingRates.Step {
    WritingRates.Step(sequences: sequences, seconds: seconds)
  }

  /// The same sum, one step at a time.
  private func slow(_ rates: WritingRates, _ load: WritingLoad, _ slots: Int) -> Double {
    var seconds = Double(load.promptTokens) * rates.reading
    var waiting = (0..<load.items).map { load.answers[$0 % load.answers.count] - 1 }[...]
    var left: [Int] = []
    while !waiting.isEmpty || !left.isEmpty {
      while left.count < slots, let next = waiting.popFirst() { if next > 0 { left.append(next) } }
      guard !left.isEmpty else { break }
      seconds += rates.seconds(ofStep: left.count)
      left = left.map { $0 - 1 }.filter { $0 > 0 }
    }
    return seconds
  }

  private func settings() -> RunSettings {
    var settings = RunSettings()
    settings.promptsPerIteration = 60
    settings.pairsPerIteration = 20
    for path in [\RunSettings.generator, \.improver, \.policy.learning] {
      settings[keyPath: path].batchSize = 8
      settings[keyPath: path].method = .full
    }
    return settings
  }

  private var work: PlanWork {
    PlanWork(
      seeds: 100, heldBack: 20, lists: 60, winners: 0.5, questions: [10, 20],
      generatorPrompts: [15], improverPrompts: [40], answers: [12, 8], goldAnswers: [6],
      generated: [25], generatorRows: 30, improverRows: 45, policyRows: 50)
  }

  private var rates: PlanRates {
    let plain = WritingRates(reading: 0.001, steps: [step(1, 0.1), step(32, 0.2)])
    let training = TrainingRates(
      secondsPerRow: 0.1, saving: 2, finishing: 3, ownBytes: 900, checkpointBytes: 500,
      resultBytes: 1000)
    return PlanRates(
      importing: 1, gathering: 1, keywords: 1, plain: plain, adapted: plain.scaled(by: 10),
      scoring: 0.01, pairing: 0.01, openingScorer: 0, fitting: 0.001, goldLoss: 0.01,
      generator: training, improver: training, policy: training, reward: training,
      slots: 32, cacheBytes: 100, mappedBytes: 1000, writingBytes: 700, scoringBytes: 600,
      keywordBytes: 60,
      answerBytes: 120, importedBytes: 0)
  }
}

extension Plan {
  fileprivate func part(_ name: String, _ iteration: Int) -> Part? {
    parts.first { $0.name == name && $0.iteration == iteration }
  }
}
