internal import Corpus
internal import Exercises
internal import Foundation
internal import Training
internal import Transformer

/// One turn of the recipe, top to bottom (paper, algorithm 1).
struct Iteration {
  let run: RunContext
  /// Counted from 1.
  let number: Int
  /// The policy that the last iteration ended with, and its folder.
  let previous: ChatModel

  var settings: RunSettings { run.settings }
  var folder: RunFolder { run.folder.iteration(number) }

  /// - Returns: the new policy and the iteration in numbers.
  func turn() async throws -> (policy: ChatModel, report: IterationReport) {
    try folder.make()
    var report = IterationReport(iteration: number, validation: Validation(iteration: number))
    report.seeds = run.seeds.count
    if settings.recipe != .seeds { try await makePrompts(&report) }
    switch settings.recipe {
    case .synpo:
      let improver = try await makeImprover(&report)
      try await answer(improver, &report)
      try await pair(&report)
    case .samplingRanking: try await rankSamples(run.scorer, &report)
    case .selfRewarding: try await rankSamples(selfJudge, &report)
    case .seeds: try await pairSeeds(&report)
    }
    let pairs = try grow(&report)
    let policy = try learn(pairs, &report)
    report.validation = try await timed("validation", &report.seconds) {
      try await run.validate(policy, iteration: number, folder: folder)
    }
    return (policy, report)
  }

  /// X ← G(keywords)
  private func makePrompts(_ report: inout IterationReport) async throws {
    let keywords = folder.file("keywords.rlg")
    try await stage("keywords", total: settings.promptsPerIteration, &report) {
      try KeywordStage(settings: settings).run(
        iteration: number, count: settings.promptsPerIteration, to: keywords)
    }
    try await stage("prompts", total: settings.promptsPerIteration, &report) {
      try await stages.prompts(
        run.generator, from: keywords, to: folder.file("prompts.rlg"))
    }
  }

  /// R ← SFT(θ₀, {(x*, M(x*)) → y* where score(y*) − score(M(x*)) > τ}); nil where it is left out.
  private func makeImprover(_ report: inout IterationReport) async throws -> ChatModel? {
    guard settings.useImprover else { return nil }
    let answers = folder.file("seed-answers.rlg")
    try await stage("seed answers", total: run.seeds.count, &report) {
      try await stages.seedAnswers(
        previous, from: run.folder.file("seeds.rlg"), to: answers)
    }
    let examples = try timed("improver", &report.seconds) {
      try LearningExamples(settings: settings, chat: run.store.initial).improver(
        run.seeds, answers: try records(Answer.self, in: answers), scorer: run.scorer)
    }
    report.improverExamples = examples.count
    guard !examples.isEmpty else {
      throw SynPOError.noImproverExamples(threshold: run.scorer.threshold)
    }
    return try run.learn(
      "improver", iteration: number, into: RunFolder(folder.file("improver")),
      settings: settings.improver.training(.imitation, seed: settings.seed),
      base: run.store.initial, report: &report
    ) { examples }
  }

  /// Drafts of the current model, their rewrites, and the answers to be beaten.
  private func answer(_ improver: ChatModel?, _ report: inout IterationReport) async throws {
    let prompts = folder.file("prompts.rlg")
    let total = report.stages.first { $0.stage == "prompts" }?.made
    let drafts = folder.file("drafts.rlg")
    try await stage("drafts", total: total, &report) {
      try await stages.answers(previous, kind: .draft, from: prompts, to: drafts)
    }
    if let improver {
      try await stage("rewrites", total: report.stages.last?.made, &report) {
        try await stages.rewrites(
          improver, from: drafts, to: folder.file("rewrites.rlg"))
      }
    }
    let rival = settings.rejected == .initial ? run.store.initial : previous
    try await stage("baselines", total: total, &report) {
      try await stages.answers(
        rival, kind: .baseline, from: prompts, to: folder.file("baselines.rlg"))
    }
  }

  /// Rewrites before the initial model's answers.
  private func pair(_ report: inout IterationReport) async throws {
    let chosen = folder.file(settings.useImprover ? "rewrites.rlg" : "drafts.rlg")
    let pairing = pairing(run.scorer)
    try await stage("pairs", total: report.stages.last?.made, &report) {
      try await pairing.run(
        rewrites: chosen, baselines: folder.file("baselines.rlg"), to: folder.file("pairs.rlg"))
    }
  }

  func pairing(_ scorer: any AnswerScorer) -> PairStage {
    PairStage(settings: settings, scorer: scorer, iteration: number, progress: run.progress)
  }

  /// Of the pairs that passed the filter a random sample joins the growing set.
  private func grow(_ report: inout IterationReport) throws -> [PreferencePair] {
    let fresh = try records(PreferencePair.self, in: folder.file("pairs.rlg"))
    let all = try (1...number).flatMap(joining)
    let added = try joining(number).count
    report.pairs = counts(fresh, added: added, refused: report.stages.last?.aside ?? [:])
    report.examples = try examples(of: fresh)
    report.allPairs = all.count
    guard !all.isEmpty else {
      throw SynPOError.noPairs(iteration: number, dropped: report.pairs.refused)
    }
    return all
  }

  /// What an iteration adds to the growing set: at most `pairs_per_iteration` of its pairs, drawn by
  /// the run's seed, in the order they came.
  private func joining(_ iteration: Int) throws -> [PreferencePair] {
    let pairs = try records(
      PreferencePair.self, in: run.folder.iteration(iteration).file("pairs.rlg"))
    var random = CounterRandom(seed: settings.seed, stream: "sample/\(iteration)")
    let places = pairs.indices.shuffled(using: &random).prefix(settings.pairsPerIteration).sorted()
    return places.map { pairs[$0] }
  }

  /// M ← SimPO(θ₀, D)
  private func learn(
    _ pairs: [PreferencePair], _ report: inout IterationReport
  ) throws -> ChatModel {
    let base = settings.startFrom == .initial ? run.store.initial : previous
    return try run.learn(
      "policy", iteration: number, into: RunFolder(folder.file("policy")),
      settings: settings.policy.training(seed: settings.seed), base: base,
      sampling: try AnswerProbe(
        settings: settings, chat: run.store.initial, prompts: run.heldBack.map(\.chat)),
      report: &report
    ) {
      try LearningExamples(settings: settings, chat: run.store.initial).policy(pairs)
    }
  }

  private func counts(
    _ kept: [PreferencePair], added: Int, refused: [String: Int]
  ) -> IterationReport.PairCounts {
    var counts = IterationReport.PairCounts(kept: kept.count, added: added, refused: refused)
    guard !kept.isEmpty else { return counts }
    let count = Double(kept.count)
    counts.meanChosenLength = kept.reduce(0) { $0 + Double($1.chosen.count) } / count
    counts.meanRejectedLength = kept.reduce(0) { $0 + Double($1.rejected.count) } / count
    for pair in kept {
      guard let verdict = ExactChecker.check(prompt: pair.prompt, answer: pair.chosen) else {
        continue
      }
      counts.checked += 1
      counts.chosenRight += verdict == .correct ? 1 : 0
      let other = ExactChecker.check(prompt: pair.prompt, answer: pair.rejected)
      counts.rejectedRight += other == .correct ? 1 : 0
    }
    return counts
  }

  private func examples(of pairs: [PreferencePair]) throws -> [IterationReport.PairExample] {
    let prompts =
      settings.recipe == .seeds
      ? [] : try records(SyntheticPrompt.self, in: folder.file("prompts.rlg"))
    let keywords = Dictionary(
      prompts.map { ($0.prompt, $0.keywords) }, uniquingKeysWith: { first, _ in first })
    return pairs.prefix(4).map { pair in
      IterationReport.PairExample(
        keywords: keywords[pair.prompt] ?? [], prompt: pair.prompt, chosen: pair.chosen,
        rejected: pair.rejected, lead: (pair.scoreChosen ?? 0) - (pair.scoreRejected ?? 0))
    }
  }

  var stages: RecipeStages {
    RecipeStages(settings: settings, iteration: number, progress: run.progress)
  }

  /// Runs a stage between its two events, and keeps its numbers and its time.
  func stage(
    _ name: String, total: Int?, _ report: inout IterationReport,
    _ body: () async throws -> StageSummary
  ) async throws {
    let summary = try await run.stage(name, iteration: number, total: total, body)
    report.seconds[name] = summary.seconds
    report.stages.append(summary)
  }
}
