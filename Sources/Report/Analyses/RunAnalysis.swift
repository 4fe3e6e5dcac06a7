public import Corpus
internal import Foundation
public import SynPO

/// Everything that is measured of a run, from its folder.
public struct RunAnalysis: Codable, Sendable {
  public var folder: String
  public var model: String
  public var scorer: String
  public var settingsHash: String
  public var seed: UInt64
  /// Whether the run has come to its end.
  public var isFinished: Bool
  public var stopped: String?
  /// The iteration whose model is kept; 0 is the initial one.
  public var best: Int?
  public var seconds: Double?
  public var peakOwnBytes: Int?
  public var peakMappedBytes: Int?
  public var machine: MachineFacts?
  public var seeds: TextAnalysis
  public var iterations: [IterationAnalysis]
  /// The initial model's first.
  public var validations: [ValidationAnalysis]
  public var alarms: [Alarm]

  /// - Parameters:
  ///   - judges: who compares answers; the run's own scorer first.
  ///   - tell: told what is being done.
  public init(
    _ files: RunFiles, judges: [Judge], tell: (String) -> Void = { _ in }
  ) async throws {
    let (settings, report) = (files.settings, files.report)
    folder = files.logs.folder.path
    model = settings.model
    scorer = settings.scorer.name.rawValue
    settingsHash = settings.hash
    seed = settings.seed
    isFinished = report != nil
    stopped = report?.stopped
    best = report?.best
    seconds = report?.seconds
    peakOwnBytes = report?.peakOwnBytes
    peakMappedBytes = report?.peakMappedBytes
    machine = files.job?.machine
    tell("seeds")
    seeds = TextAnalysis(try files.logs.records(Seed.self, in: "seeds.rlg").map(\.prompt))
    iterations = []
    for report in files.iterations {
      tell("iteration \(report.iteration)")
      iterations.append(try await IterationAnalysis(report, files, judges: judges))
    }
    tell("held-back seeds")
    validations = try await ValidationAnalysis.all(files, judges: judges)
    alarms = Alarm.all(in: validations.compactMap(\.numbers))
  }
}

/// One iteration's prompts, answers and pairs.
public struct IterationAnalysis: Codable, Sendable {
  public var iteration: Int
  public var prompts: TextAnalysis
  /// Of each prompt, the share of the keywords that it has taken up.
  public var keywordCoverage: Distribution?
  /// What each stage made and put aside.
  public var stages: [StageSummary]
  /// Wall time by part.
  public var seconds: [String: Double]
  public var pairs: PairAnalysis
  public var improver: [ImproverAnalysis]

  init(_ report: IterationReport, _ files: RunFiles, judges: [Judge]) async throws {
    let number = report.iteration
    let prompts = try files.logs.records(
      SyntheticPrompt.self, in: "prompts.rlg", iteration: number)
    iteration = number
    self.prompts = TextAnalysis(prompts.map(\.prompt))
    keywordCoverage = Distribution(
      prompts.map { KeywordCoverage.share(of: $0.keywords, in: $0.prompt) }, bins: 4, range: 0...1)
    stages = report.stages
    seconds = report.seconds
    pairs = PairAnalysis(
      try files.logs.records(PreferencePair.self, in: "pairs.rlg", iteration: number),
      counts: report.pairs)
    improver = try await ImproverAnalysis.all(files, iteration: number, judges: judges)
  }
}

/// Kept pairs in numbers.
public struct PairAnalysis: Codable, Sendable {
  public var counts: IterationReport.PairCounts
  /// By what the chosen answer leads, in the scorer's own unit.
  public var lead: Distribution?
  public var chosenCharacters: Distribution?
  public var rejectedCharacters: Distribution?
  /// Share of the pairs of different length in which the chosen answer is the longer one.
  public var chosenLonger: Double?

  init(_ pairs: [PreferencePair], counts: IterationReport.PairCounts) {
    self.counts = counts
    lead = Distribution(
      pairs.compactMap { pair in
        guard let chosen = pair.scoreChosen, let rejected = pair.scoreRejected else { return nil }
        return chosen - rejected
      })
    chosenCharacters = Distribution(pairs.map { Double($0.chosen.count) })
    rejectedCharacters = Distribution(pairs.map { Double($0.rejected.count) })
    chosenLonger = LengthBias(pairs).chosenLonger
  }
}

/// Which side of pairs is the longer one.
public struct LengthBias: Codable, Equatable, Sendable {
  /// Pairs whose sides are of different length.
  public var pairs: Int
  /// Share of these in which the chosen answer is the longer one; nil where there are none.
  public var chosenLonger: Double?

  public init(_ all: [PreferencePair]) {
    let different = all.filter { $0.chosen.count != $0.rejected.count }
    pairs = different.count
    let longer = different.count { $0.chosen.count > $0.rejected.count }
    chosenLonger = different.isEmpty ? nil : Double(longer) / Double(different.count)
  }
}

/// What the improver does to drafts, as one judge sees it.
public struct ImproverAnalysis: Codable, Sendable {
  public var judge: String
  /// How often the rewrite is better than the draft; ties are half.
  public var better: WinRate
  /// Mean score of the rewrites less that of the drafts.
  public var gain: Double
  /// Share of rewrites that are the draft, word for word.
  public var unchanged: Double

  /// Of more rewrites only as many are judged, the first ones.
  public static let sample = 300

  static func all(
    _ files: RunFiles, iteration: Int, judges: [Judge]
  ) async throws -> [ImproverAnalysis] {
    let drafts = try files.logs.records(Answer.self, in: "drafts.rlg", iteration: iteration)
    let rewrites = try files.logs.records(Answer.self, in: "rewrites.rlg", iteration: iteration)
    let byID = Dictionary(drafts.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    let pairs = rewrites.prefix(sample).compactMap { rewrite in
      rewrite.origin.parents.first.flatMap { byID[$0] }.map { (draft: $0, rewrite: rewrite) }
    }
    var all: [ImproverAnalysis] = []
    for judge in judges {
      if let one = try await ImproverAnalysis(
        pairs, judge: judge, seed: files.settings.seed, stream: "improver/\(iteration)")
      {
        all.append(one)
      }
    }
    return all
  }

  init?(
    _ pairs: [(draft: Answer, rewrite: Answer)], judge: Judge, seed: UInt64, stream: String
  ) async throws {
    let scores = try await judge.scores(pairs.flatMap { [$0.rewrite, $0.draft] })
    var encounters: [Encounter] = []
    var gain = 0.0
    for (place, pair) in pairs.enumerated() {
      guard let own = scores[2 * place], let rival = scores[2 * place + 1] else { continue }
      encounters.append(
        Encounter(scores: (own, rival), answer: pair.rewrite.answer, rival: pair.draft.answer))
      gain += own - rival
    }
    guard let better = WinRate(encounters, seed: seed, stream: "\(stream)/\(judge.name)") else {
      return nil
    }
    self.judge = judge.name
    self.better = better
    self.gain = gain / Double(encounters.count)
    let same = pairs.count { $0.draft.answer == $0.rewrite.answer }
    unchanged = Double(same) / Double(pairs.count)
  }
}
