public import Corpus
public import SynPO

/// How the model after one iteration answers the held-back seeds.
public struct ValidationAnalysis: Codable, Sendable {
  /// 0 for the initial model.
  public var iteration: Int
  /// What the run itself has measured; nil for the initial model of a run that has not ended.
  public var numbers: Validation?
  public var answers: TextAnalysis
  /// Share of right answers, where a judge knows which are right.
  public var right: Estimate?
  /// Against the initial model, by judge.
  public var wins: [JudgedWins]

  public struct JudgedWins: Codable, Sendable {
    public var judge: String
    public var rate: WinRate
    public var meanScore: Double
  }

  /// The judge whose scores are 1 for right and 0 for wrong.
  public static let exactJudge = "exact"

  /// One for each iteration whose answers are all there, the initial model first.
  static func all(_ files: RunFiles, judges: [Judge]) async throws -> [ValidationAnalysis] {
    let initial = try files.logs.records(Answer.self, in: "validation.rlg")
    guard !initial.isEmpty else { return [] }
    var first = ValidationAnalysis(iteration: 0, numbers: files.report?.initial, initial)
    first.right = try await right(initial, judges, files, iteration: 0)
    var all = [first]
    for report in files.iterations {
      let number = report.iteration
      let answers = try files.logs.records(Answer.self, in: "validation.rlg", iteration: number)
      var one = ValidationAnalysis(iteration: number, numbers: report.validation, answers)
      one.right = try await right(answers, judges, files, iteration: number)
      for judge in judges {
        if let wins = try await JudgedWins(
          answers, against: initial, judge: judge, seed: files.settings.seed,
          stream: "validation/\(number)")
        {
          one.wins.append(wins)
        }
      }
      all.append(one)
    }
    return all
  }

  private init(iteration: Int, numbers: Validation?, _ answers: [Answer]) {
    self.iteration = iteration
    self.numbers = numbers
    self.answers = TextAnalysis(answers.map(\.answer))
    wins = []
  }

  private static func right(
    _ answers: [Answer], _ judges: [Judge], _ files: RunFiles, iteration: Int
  ) async throws -> Estimate? {
    guard let judge = judges.first(where: { $0.name == exactJudge }) else { return nil }
    let scores = try await judge.scores(answers).compactMap(\.self)
    return Bootstrap.estimate(
      of: scores, seed: files.settings.seed, stream: "right/\(iteration)"
    ) { $0.reduce(0, +) / Double($0.count) }
  }
}

extension ValidationAnalysis.JudgedWins {
  /// Answers to the same seed meet; nil where there are none, or where the judge has no say.
  public init?(
    _ answers: [Answer], against rivals: [Answer], judge: Judge, seed: UInt64, stream: String
  ) async throws {
    let bySeed = Dictionary(
      rivals.compactMap { rival in rival.origin.parents.first.map { ($0, rival) } },
      uniquingKeysWith: { first, _ in first })
    let met = answers.compactMap { own in
      own.origin.parents.first.flatMap { bySeed[$0] }.map { (own: own, rival: $0) }
    }
    let own = try await judge.scores(met.map(\.own))
    let rival = try await judge.scores(met.map(\.rival))
    var encounters: [Encounter] = []
    for (place, pair) in met.enumerated() {
      guard let mine = own[place], let theirs = rival[place] else { continue }
      encounters.append(
        Encounter(scores: (mine, theirs), answer: pair.own.answer, rival: pair.rival.answer))
    }
    guard let rate = WinRate(encounters, seed: seed, stream: "\(stream)/\(judge.name)") else {
      return nil
    }
    self.judge = judge.name
    self.rate = rate
    let scores = own.compactMap(\.self)
    meanScore = scores.reduce(0, +) / Double(scores.count)
  }
}
