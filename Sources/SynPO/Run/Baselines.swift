internal import Corpus

/// The methods that SynPO is compared with. They end in pairs as it does, and learn from them alike.
extension Iteration {
  /// Several answers of the current model to each prompt; the best and the worst make a pair.
  ///
  /// - Parameter scorer: the run's, or the current model as judge.
  func rankSamples(_ scorer: any AnswerScorer, _ report: inout IterationReport) async throws {
    let prompts = folder.file("prompts.rlg")
    let total = report.stages.first { $0.stage == "prompts" }?.made
    let samples = (0..<settings.samplesPerPrompt).map { folder.file("samples-\($0).rlg") }
    for (sample, path) in samples.enumerated() {
      try await stage("samples-\(sample)", total: total, &report) {
        try await stages.answers(previous, kind: .draft, sample: sample, from: prompts, to: path)
      }
    }
    let pairing = pairing(scorer)
    try await stage("pairs", total: total, &report) {
      try await pairing.run(.bestAndWorst, of: samples, to: folder.file("pairs.rlg"))
    }
  }

  /// The current model, shown two answers.
  var selfJudge: JudgeScorer {
    JudgeScorer(
      threshold: settings.scorer.threshold.map { Double($0) } ?? JudgeScorer.defaultThreshold,
      chat: previous, templates: settings.recipeTemplates, contextSize: settings.contextSize)
  }

  /// The seeds' own answers before those of the initial model, of which each iteration draws others.
  func pairSeeds(_ report: inout IterationReport) async throws {
    let seeds = run.folder.file("seeds.rlg")
    let (gold, answers) = (folder.file("gold.rlg"), folder.file("baselines.rlg"))
    try await stage("gold", total: run.seeds.count, &report) {
      try await stages.goldAnswers(from: seeds, to: gold)
    }
    let rival = settings.rejected == .initial ? run.store.initial : previous
    try await stage("baselines", total: run.seeds.count, &report) {
      try await stages.seedAnswers(rival, sample: number, from: seeds, to: answers)
    }
    let pairing = pairing(run.scorer)
    try await stage("pairs", total: run.seeds.count, &report) {
      try await pairing.run(rewrites: gold, baselines: answers, to: folder.file("pairs.rlg"))
    }
  }
}
