/// The source of small text tasks.
public enum ExerciseFamily {
  /// A task of the given kind.
  public static func exercise(
    kind: ExerciseKind, using random: inout some RandomNumberGenerator
  ) -> Exercise {
    let filling = kind.draw(using: &random)
    guard let answer = kind.answer(to: filling) else {
      preconditionFailure("\(kind) has no answer to what it drew itself: \(filling)")
    }
    let prompt = one(of: kind.phrasings, using: &random).filled(with: filling)
    return Exercise(kind: kind, prompt: prompt, answer: answer, filling)
  }

  /// A task of any kind; kinds come as often as their ``ExerciseKind/weight`` says.
  public static func exercise(using random: inout some RandomNumberGenerator) -> Exercise {
    let total = ExerciseKind.allCases.reduce(0) { $0 + $1.weight }
    var ticket = Int.random(in: 0..<total, using: &random)
    let kind = ExerciseKind.allCases.first { kind in
      ticket -= kind.weight
      return ticket < 0
    }
    return exercise(kind: kind ?? .sortWords, using: &random)
  }
}
