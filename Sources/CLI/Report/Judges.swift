import Corpus
import Exercises
import Report
import SynPO

/// Who compares answers in a report: the run's own scorer, and the exact checker where it can.
enum Judges {
  /// Opens the run's model only when the first score is asked for. Scores are kept in the run's folder.
  static func all(of files: RunFiles) -> [Judge] {
    let folder = files.logs.folder
    let name = files.settings.scorer.name
    let own = Judge(name.rawValue) { answers in
      var settings = files.settings
      settings.outputDir = folder.path
      let bench = try Workbench(settings: settings)
      let items = answers.map { ScoringItem(prompt: $0.prompt, answers: [$0.answer]) }
      return try await bench.scores(items).map(\.first)
    }.remembering(in: folder.file("scores-\(name.rawValue).json"))
    return name == .exact ? [exact] : [own, exact]
  }

  /// Right is 1, wrong is 0; nothing where the prompt is no exercise.
  static let exact = Judge(ValidationAnalysis.exactJudge) { answers in
    answers.map { answer in
      ExactChecker.check(prompt: answer.prompt, answer: answer.answer).map {
        $0 == .correct ? 1 : 0
      }
    }
  }
}
