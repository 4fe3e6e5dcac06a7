public import Bytes

/// Why the recipe could not go on.
public enum SynPOError: Error, Equatable, Sendable {
  case model(path: String, reason: String)
  case noTemplate(path: String)
  case file(FileError)
  case tooFewSeeds(found: Int, needed: Int)
  case noKeywords(sources: [String])
  case noImproverExamples(threshold: Double)
  case noPairs(iteration: Int, dropped: [String: Int])
  case otherSettings(folder: String, differences: [String])
  case memory(needed: ByteCount, available: ByteCount, what: String)
  case badMemory(String)
  /// One of two logs that are read side by side has a barrier that this one lacks.
  case missingBarrier(UInt64, log: String)
  case scorer(command: String, problem: ScorerProblem, lastWords: String)
}

/// What went wrong with a scorer that is a program of its own.
public enum ScorerProblem: Equatable, Sendable {
  case cannotStart(String)
  case died(times: Int)
  case silent(seconds: Double, times: Int)
  case garbage(line: String)
  case wrongCount(expected: Int, found: Int)
}

extension SynPOError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .model(let path, let reason): "\(path): \(reason)"
    case .noTemplate(let path):
      "\(path) has no chat template; name one with chat_template: chatml, plain or a file"
    case .file(let error): "\(error)"
    case .tooFewSeeds(let found, let needed):
      "\(found) usable seeds are too few; at least \(needed) are needed to train and to hold back"
    case .noKeywords(let sources):
      "no paragraph with enough keywords in \(sources.joined(separator: ", ")); give more text"
    case .noImproverExamples(let threshold):
      "no seed's own answer beats the model's by more than \(threshold); lower scorer.threshold, "
        + "or the model is already as good as its seeds"
    case .noPairs(let iteration, let dropped):
      "iteration \(iteration) left no pair to learn from (\(Self.list(dropped))); "
        + "lower scorer.threshold or raise prompts_per_iteration"
    case .otherSettings(let folder, let differences):
      "\(folder) holds a run with other settings (\(differences.joined(separator: "; "))); "
        + "choose another output_dir, or remove the folder to begin anew"
    case .memory(let needed, let available, let what):
      "\(what) needs \(needed), the budget has \(available); lower context_size or raise memory"
    case .missingBarrier(let number, let log):
      "\(log) ends before barrier \(number) of the other log, so that it cannot stand at the same "
        + "place of both: make both from the same prompts"
    case .badMemory(let text):
      "memory: '\(text)' is no amount of memory; write it as 512MiB or 4GiB"
    case .scorer(let command, let problem, let lastWords):
      "the scorer '\(command)' \(problem)"
        + (lastWords.isEmpty ? "" : "; its last words: \(lastWords)")
    }
  }

  private static func list(_ counts: [String: Int]) -> String {
    counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
  }
}

extension ScorerProblem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .cannotStart(let reason): "could not be started (\(reason)); see scorer.command"
    case .died(let times): "ended \(times) times before it answered"
    case .silent(let seconds, let times):
      "did not answer within \(seconds) s, \(times) times; raise scorer.time_limit if it is only slow"
    case .garbage(let line):
      "answered '\(line)', which is no line like {\"scores\": [0.5, 1]}"
    case .wrongCount(let expected, let found):
      "gave \(found) scores for \(expected) answers"
    }
  }
}
