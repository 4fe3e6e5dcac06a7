/// A prompt with the answers to learn from, as tokens.
public struct TrainingExample: Equatable, Sendable {
  public let prompt: [Int32]
  /// One answer to imitate, or a chosen one followed by a rejected one. End tokens included.
  public let answers: [[Int32]]

  public init(prompt: [Int32], completion: [Int32]) {
    self.prompt = prompt
    answers = [completion]
  }

  public init(prompt: [Int32], chosen: [Int32], rejected: [Int32]) {
    self.prompt = prompt
    answers = [chosen, rejected]
  }
}

extension [TrainingExample] {
  /// What all prompts begin with and none is; empty where that is so short that to read it once is
  /// not worth a stretch of rows of its own.
  var stem: ArraySlice<Int32> {
    guard count > 1, let first = first?.prompt else { return [] }
    let common = reduce(first.count) { length, example in
      let alike = zip(first.prefix(length), example.prompt.dropLast()).prefix { $0 == $1 }
      return alike.count
    }
    return common < 16 ? [] : first.prefix(common)
  }
}

/// Why an example was set aside instead of being learnt from.
public enum SetAside: String, Error, CaseIterable, Codable, Sendable {
  case emptyPrompt = "empty_prompt"
  case emptyAnswer = "empty_answer"
  /// Chosen and rejected are the same tokens, perhaps because both were cut.
  case equalAnswers = "equal_answers"
}

/// How long an example may be. Each answer is cut by its own budget; a prompt keeps its end.
public struct LengthLimits: Equatable, Sendable {
  /// Prompt and answer together, in tokens.
  public var maximumLength: Int
  public var maximumPromptLength: Int

  public init(maximumLength: Int = 1024, maximumPromptLength: Int? = nil) {
    self.maximumLength = max(maximumLength, 2)
    self.maximumPromptLength = maximumPromptLength ?? maximumLength / 2
  }

  /// These limits, and no longer than a model can read.
  public func within(_ contextLimit: Int) -> LengthLimits {
    guard maximumLength > contextLimit else { return self }
    return LengthLimits(
      maximumLength: contextLimit,
      maximumPromptLength: min(maximumPromptLength, contextLimit / 2))
  }

  /// The examples cut to these limits, and how many were set aside, by reason.
  public func sort(
    _ examples: [TrainingExample]
  ) -> (fitting: [TrainingExample], setAside: [SetAside: Int]) {
    var fitting: [TrainingExample] = []
    var setAside: [SetAside: Int] = [:]
    for example in examples {
      do throws(SetAside) { fitting.append(try fit(example)) } catch {
        setAside[error, default: 0] += 1
      }
    }
    return (fitting, setAside)
  }

  /// The example cut to these limits, or why there is nothing to learn from it.
  ///
  /// A prompt gives way first, down to `maximumPromptLength`, then each answer is cut by itself and
  /// keeps at least one token.
  public func fit(_ example: TrainingExample) throws(SetAside) -> TrainingExample {
    guard !example.prompt.isEmpty else { throw .emptyPrompt }
    guard example.answers.allSatisfy({ !$0.isEmpty }) else { throw .emptyAnswer }
    var prompt = example.prompt
    let longest = example.answers.map(\.count).max() ?? 0
    if prompt.count + longest > maximumLength {
      let room = max(maximumLength - longest, min(maximumPromptLength, maximumLength - 1))
      prompt = Array(prompt.suffix(room))
    }
    let answers = example.answers.map { Array($0.prefix(max(maximumLength - prompt.count, 1))) }
    guard answers.count == 1 || answers[0] != answers[1] else { throw .equalAnswers }
    return answers.count == 1
      ? TrainingExample(prompt: prompt, completion: answers[0])
      : TrainingExample(prompt: prompt, chosen: answers[0], rejected: answers[1])
  }
}
