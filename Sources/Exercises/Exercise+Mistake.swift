extension Exercise {
  /// - Parameter filling: what the slots of the prompt hold.
  init(kind: ExerciseKind, prompt: String, answer: String, _ filling: Filling) {
    let mistake = kind.mistake(in: filling, answer: answer)
    self.init(
      kind: kind, prompt: prompt, answer: answer,
      usualMistake: mistake == answer ? kind.otherMistake(answer) : mistake)
  }
}

extension ExerciseKind {
  /// What one answers who takes the task for a similar one, forgets the last step, or says again
  /// what is there. Now and then that is right.
  fileprivate func mistake(in filling: Filling, answer: String) -> String {
    let word = filling[.word] ?? ""
    let number = Int(answer) ?? 0
    return switch self {
    case .sortWords: filling[.words] ?? ""
    case .oddOneOut: firstOther(in: filling[.words], than: answer)
    case .category: follower(of: answer)
    case .plural: word
    case .opposite: "not \(word)"
    case .countWords, .countLetter, .wordLength, .difference: "\(number + 1)"
    case .firstLetter: String(word.suffix(1))
    case .lastLetter: String(word.prefix(1))
    case .reverseWord: word
    case .upperCase: capitalised(word)
    case .nextNumber: lastItem(of: filling[.numbers])
    case .sum: "\(number - 1)"
    case .largerNumber, .smallerNumber:
      filling[.a] == answer ? filling[.b] ?? "" : filling[.a] ?? ""
    case .letterAfter: filling[.letter] ?? ""
    case .dayAfter: filling[.day].map(capitalised) ?? ""
    case .monthAfter: filling[.month].map(capitalised) ?? ""
    }
  }

  /// A mistake where the usual one is no mistake.
  fileprivate func otherMistake(_ answer: String) -> String {
    switch self {
    case .sortWords:
      answer.split(separator: ", ").reversed().joined(separator: ", ")
    case .plural: answer + "s"
    case .firstLetter, .lastLetter: answer == "e" ? "a" : "e"
    default: answer + answer
    }
  }

  private func follower(of category: String) -> String {
    let names = Words.categories.map(\.name)
    guard let place = names.firstIndex(of: category) else { return names[0] }
    return names[(place + 1) % names.count]
  }

  private func firstOther(in list: String?, than answer: String) -> String {
    let items = list?.split(separator: ", ").map(String.init) ?? []
    return items.first { $0 != answer } ?? ""
  }

  private func lastItem(of list: String?) -> String {
    list?.split(separator: ", ").last.map(String.init) ?? ""
  }
}
