/// A small text task and its one right answer.
public struct Exercise: Hashable, Sendable {
  public let kind: ExerciseKind
  /// The question as a person would ask it.
  public let prompt: String
  /// Just the answer, one to eight words, without a full stop.
  public let answer: String
  /// What people answer who get it wrong in the usual way; never the right answer.
  public let usualMistake: String
}

/// What a task asks for. Every kind has one right answer that follows from the prompt alone.
public enum ExerciseKind: String, CaseIterable, Codable, Sendable {
  case sortWords = "sort_words"
  case oddOneOut = "odd_one_out"
  case category
  case plural
  case opposite
  case countWords = "count_words"
  case countLetter = "count_letter"
  case wordLength = "word_length"
  case firstLetter = "first_letter"
  case lastLetter = "last_letter"
  case reverseWord = "reverse_word"
  case upperCase = "upper_case"
  case nextNumber = "next_number"
  case sum
  case difference
  case largerNumber = "larger_number"
  case smallerNumber = "smaller_number"
  case letterAfter = "letter_after"
  case dayAfter = "day_after"
  case monthAfter = "month_after"

  /// How often the kind is drawn compared with the others. Kinds with few different prompts weigh
  /// less, so that a drawn set does not consist of repetitions.
  public var weight: Int {
    switch self {
    case .letterAfter, .dayAfter, .monthAfter: 1
    case .category, .plural, .opposite: 2
    default: 3
    }
  }
}
