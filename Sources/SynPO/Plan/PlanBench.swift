internal import Bytes
internal import Corpus
internal import Foundation
internal import ModelFile
internal import Tensor
internal import Training
internal import Transformer

/// Takes the measurements of a plan, one after the other.
struct PlanBench {
  let settings: RunSettings
  let store: ModelStore
  let scratch: RunFolder
  let sources: PlanSources

  var chat: ChatModel { store.initial }

  func plan(
    _ seconds: [String: Double], patience: Double, tell: (String) -> Void
  ) async throws -> Plan {
    var memory = MemoryPeak()
    tell("answering seeds")
    let writing = try writing()
    let sample = try AnswerSample(sources.seeds, by: writing, patience: patience)
    let writingBytes = memory.own.bytes
    tell("reading and writing")
    let plain = writingRates(writing, sample)
    let adapted = adaptedRates(writing, plain, sample)
    tell("scoring")
    memory = MemoryPeak()
    let scoring = try await ScoringBench(self, sample, patience: patience / 2).measure()
    let scoringBytes = memory.own.bytes
    let goldLoss = try goldLoss(patience: patience / 4)
    let lessons = try lessons(sample)
    let rates = PlanRates(
      importing: seconds["import"] ?? 0, gathering: seconds["seeds"] ?? 0,
      keywords: seconds["keywords"] ?? 0, plain: plain, adapted: adapted,
      scoring: scoring.seconds, pairing: scoring.pairing, openingScorer: scoring.opening,
      fitting: scoring.fitting, goldLoss: goldLoss,
      generator: try rates("generator", lessons, settings.generator, tell),
      improver: try rates("improver", lessons, settings.improver, tell),
      policy: try rates("policy", lessons, settings.policy.learning, tell),
      reward: try rates("reward", lessons, settings.scorer.learning, tell),
      slots: writing.slots,
      cacheBytes: writing.slots
        * Generator.bytesPerSlot(
          model: chat.model, capacity: writing.capacity, precision: writing.cache),
      mappedBytes: try mappedBytes(), writingBytes: writingBytes, scoringBytes: scoringBytes,
      keywordBytes: sources.keywordBytes, answerBytes: try answerBytes(sample),
      importedBytes: try fileBytes(importedModel))
    return Plan(
      settings: settings, work: try work(sample, lessons, winners: scoring.winners), rates: rates)
  }

  private var importedModel: String { RunFolder(settings.outputDir).file("model.packed") }

  private func mappedBytes() throws -> Int {
    if settings.model == "embedded" { return embeddedModel.byteCount }
    let isPacked = PackedModelFile.isPacked(path: settings.model)
    return try fileBytes(isPacked ? settings.model : importedModel)
  }

  // MARK: What there is to do

  private func work(
    _ sample: AnswerSample, _ lessons: [String: Lesson], winners: Double
  ) throws -> PlanWork {
    let templates = settings.recipeTemplates
    let asked = try sources.lists.prefix(1024).map {
      try chat.generatorPrompt(templates, keywords: $0.keywords)
    }
    let improved = try sample.answered.prefix(1024).map {
      try chat.prompt(templates.improverPrompt(question: $0.seed.prompt, answer: $0.text))
    }
    let longest = settings.generation.maxTokens
    let generated = sources.seeds.map { seed in
      let target =
        settings.writeSolutions
        ? templates.generatorTarget(question: seed.prompt, solution: seed.answer)
        : seed.prompt + RecipeTemplates.questionClosing
      return min(chat.answer(target).count, longest)
    }
    return PlanWork(
      seeds: sources.seeds.count, heldBack: sources.heldBack.count, lists: sources.lists.count,
      winners: winners, questions: try sources.seeds.map { try chat.prompt($0.chat).count },
      generatorPrompts: asked.map(\.count), improverPrompts: improved.map(\.count),
      generatorShared: shared(asked), improverShared: shared(improved),
      answers: sample.answers,
      goldAnswers: sources.seeds.map { min(chat.answer($0.answer).count, longest) },
      generated: generated, generatorRows: lessons["generator"]?.meanRows ?? 0,
      improverRows: lessons["improver"]?.meanRows ?? 0,
      policyRows: lessons["policy"]?.meanRows ?? 0,
      rewardRows: lessons["reward"]?.meanRows ?? 0)
  }

  /// Tokens in whole pages of the cache that all prompts begin with.
  private func shared(_ prompts: [[Int32]]) -> Int {
    guard let first = prompts.first else { return 0 }
    let common = prompts.dropFirst().reduce(first.count) { common, prompt in
      min(common, zip(first, prompt).prefix { $0 == $1 }.count)
    }
    return common / KeyValueCache.pageTokens * KeyValueCache.pageTokens
  }

  /// What the initial model's answers take in a log, each.
  private func answerBytes(_ sample: AnswerSample) throws -> Double {
    guard !sample.answered.isEmpty else { return 0 }
    let path = scratch.file("answers.rlg")
    let writer = try CorpusWriter(path: path)
    let origin = Origin(
      iteration: 1, model: chat.fingerprint, settings: settings.hash, seed: settings.seed)
    for (seed, text) in sample.answered {
      try writer.append(
        Answer(.draft, prompt: seed.prompt, answer: text, origin: origin.with([seed.id])))
    }
    try writer.finish()
    return Double(try fileBytes(path)) / Double(sample.answered.count)
  }

  /// Seconds for the loss on one held-back seed's own answer.
  private func goldLoss(patience: Double) throws -> Double {
    var (count, seconds) = (0, [String: Double]())
    while count < sources.heldBack.count, seconds["loss"] ?? 0 < patience {
      let validator = Validator(
        settings: settings, scorer: LengthScorer(), seeds: [sources.heldBack[count]], initial: nil)
      _ = try timed("loss", &seconds) { try validator.goldLoss(chat) }
      count += 1
    }
    return (seconds["loss"] ?? 0) / Double(max(count, 1))
  }

  private func writing() throws -> Writing {
    try RecipeStages(settings: settings, iteration: 0).writing(chat, "seed-answers-0")
  }
}
