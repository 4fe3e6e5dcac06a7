/// Says whether an answer to a small text task is right, from the words of the task alone.
public enum ExactChecker {
  public enum Verdict: Hashable, Sendable {
    case correct
    case wrong(expected: String)
  }

  /// Judges `answer`; nil if `prompt` is not a task that has one right answer.
  ///
  /// White space around the answer, a full stop at its end and the case of its letters do not
  /// count; case does count where the task is about capital letters.
  public static func check(prompt: String, answer: String) -> Verdict? {
    guard let exercise = recognise(prompt) else { return nil }
    let isAboutCase = exercise.kind == .upperCase
    let given = bare(answer)
    let isRight =
      isAboutCase
      ? given == exercise.answer : given.lowercased() == exercise.answer.lowercased()
    return isRight ? .correct : .wrong(expected: exercise.answer)
  }

  /// The task that `prompt` states, with its right answer; nil if it states none, or if it could
  /// be read in two ways that lead to different answers.
  public static func recognise(_ prompt: String) -> Exercise? {
    let cut = marks(prompt)
    var found: Exercise?
    for kind in ExerciseKind.allCases {
      for filling in kind.phrasings.compactMap({ $0.match(cut) }) {
        guard let answer = kind.answer(to: filling) else { continue }
        guard found == nil || found?.answer == answer else { return nil }
        found = found ?? Exercise(kind: kind, prompt: prompt, answer: answer, filling)
      }
    }
    return found
  }

  private static func bare(_ answer: String) -> Substring {
    var rest = trimmed(answer[...])
    if rest.last == "." { rest = trimmed(rest.dropLast()) }
    return rest
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var rest = text.drop(while: \.isWhitespace)
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return rest
  }
}
