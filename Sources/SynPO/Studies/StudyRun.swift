internal import Bytes
internal import Foundation
internal import Training

/// Runs every arm of a study with every seed, each in a folder of its own below the study's.
///
/// Runs that have ended are only read; one that was broken off goes on where it was. A run that
/// fails is a result, too: its arm says why, and the study goes on.
public struct StudyRun {
  public let study: Study
  public let folder: RunFolder
  public let seeds: [UInt64]
  private let settings: (_ changes: [String]) throws -> RunSettings

  /// - Parameter settings: the settings of the study with changes as `key=value`.
  public init(
    study: Study, folder: String, seeds: [UInt64],
    settings: @escaping (_ changes: [String]) throws -> RunSettings
  ) {
    self.study = study
    self.folder = RunFolder(folder)
    self.seeds = seeds
    self.settings = settings
  }

  /// - Parameters:
  ///   - began: told before each run: its arm and its seed.
  ///   - tell: what the run under way has to say.
  /// - Returns: the report, which is also kept in `study.json`.
  public func run(
    began: (_ arm: String, _ seed: UInt64) -> Void, tell: @escaping @Sendable (RunEvent) -> Void
  ) async throws -> StudyReport {
    try folder.make()
    var report = StudyReport(study: study.name, question: study.question, seeds: seeds)
    for arm in study.arms {
      var row = StudyReport.Row(arm: arm.name, changes: arm.changes)
      for seed in seeds {
        began(arm.name, seed)
        let run = Run(settings: try settings(of: arm, seed: seed), tell: tell)
        do {
          if let report = try run.finished() {
            row.count(report)
          } else {
            row.count(try await run.run())
          }
        } catch let error as SynPOError {
          row.failures.append("seed \(seed): \(error)")
        } catch let error as TrainingError {
          row.failures.append("seed \(seed): \(error)")
        }
        try Task.checkCancellation()
      }
      row.conclude(seed: seeds.first ?? 0)
      report.rows.append(row)
    }
    try FileReplacement.write(try sortedJSON(report), to: folder.file("study.json"))
    return report
  }

  private func settings(of arm: Study.Arm, seed: UInt64) throws -> RunSettings {
    var settings = try settings(arm.changes + ["seed=\(seed)"])
    settings.outputDir = folder.file("\(arm.name)/seed-\(seed)")
    return settings
  }
}

/// A study in numbers.
public struct StudyReport: Codable, Equatable, Sendable {
  public var study: String
  public var question: String
  public var seeds: [UInt64]
  public var rows: [Row] = []

  /// An arm over all its runs. Means are over runs; the last model is that of the last iteration,
  /// whichever is kept.
  public struct Row: Codable, Equatable, Sendable {
    public var arm: String
    public var changes: [String]
    public var runs = 0
    /// Runs of which the last model loses against the initial one.
    public var lost = 0
    public var failures: [String] = []
    /// Share of right answers by the exact checker, of the initial and of the last model.
    public var initialRight = 0.0
    public var lastRight = 0.0
    /// The last model against the initial one by the exact checker, all prompts of all runs together;
    /// the interval is over prompts.
    public var duel: Duel?
    /// Share of prompts on which the run's own scorer prefers the last model's answer.
    public var scorerWinRate = 0.0
    /// Mean characters of the last model's answers and of the gold ones.
    public var length = 0.0
    public var goldLength = 0.0
    /// Of the pairs that the exact checker can judge: share whose chosen answer is right.
    public var chosenRight = 0.0
    public var seconds = 0.0

    private var outcomes = Outcomes()

    /// What is added up over the runs.
    private struct Outcomes: Codable, Equatable, Sendable {
      var wins = 0
      var ties = 0
      var losses = 0
      var checkedPairs = 0
      var chosenRight = 0
    }

    init(arm: String, changes: [String]) {
      self.arm = arm
      self.changes = changes
    }

    mutating func count(_ report: RunReport) {
      let last = report.iterations.last?.validation ?? report.initial
      runs += 1
      initialRight += report.initial.accuracy ?? 0
      lastRight += last.accuracy ?? 0
      scorerWinRate += last.winRate ?? 0.5
      length += last.meanLength
      goldLength += last.meanGoldLength
      seconds += report.seconds
      for iteration in report.iterations {
        outcomes.checkedPairs += iteration.pairs.checked
        outcomes.chosenRight += iteration.pairs.chosenRight
      }
      guard let duel = last.exactDuel else { return }
      lost += duel.wins < duel.losses ? 1 : 0
      outcomes.wins += duel.wins
      outcomes.ties += duel.ties
      outcomes.losses += duel.losses
    }

    /// Makes means of sums.
    mutating func conclude(seed: UInt64) {
      let count = Double(max(runs, 1))
      for path in [
        \Self.initialRight, \.lastRight, \.scorerWinRate, \.length, \.goldLength, \.seconds,
      ] {
        self[keyPath: path] /= count
      }
      chosenRight = Double(outcomes.chosenRight) / Double(max(outcomes.checkedPairs, 1))
      let all =
        Array(repeating: Duel.Outcome.win, count: outcomes.wins)
        + Array(repeating: .tie, count: outcomes.ties)
        + Array(repeating: .loss, count: outcomes.losses)
      duel = all.isEmpty ? nil : Duel(all, seed: seed)
    }
  }
}
