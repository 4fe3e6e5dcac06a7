extension ExerciseKind {
  /// The right answer; nil where the slots hold something the task is not defined for, such as a
  /// word whose opposite nobody has written down.
  func answer(to filling: Filling) -> String? {
    switch self {
    case .sortWords: items(filling[.words]).map { $0.sorted().joined(separator: ", ") }
    case .oddOneOut: items(filling[.words]).flatMap(oddOne)
    case .category: filling[.word].flatMap(categoryName)
    case .plural: filling[.word].flatMap { Plural.table[$0] }
    case .opposite: filling[.word].flatMap(oppositeWord)
    case .countWords: filling[.sentence].map { "\($0.split(separator: " ").count)" }
    case .countLetter: occurrences(filling)
    case .wordLength: filling[.word].map { "\($0.count)" }
    case .firstLetter: filling[.word]?.first.map { String($0) }
    case .lastLetter: filling[.word]?.last.map { String($0) }
    case .reverseWord: filling[.word].map { String($0.reversed()) }
    case .upperCase: filling[.word]?.uppercased()
    case .nextNumber: items(filling[.numbers]).flatMap(continuation)
    case .sum: compute(filling) { $0 + $1 }
    case .difference: compute(filling) { $0 - $1 }
    case .largerNumber: compute(filling) { $0 == $1 ? nil : max($0, $1) }
    case .smallerNumber: compute(filling) { $0 == $1 ? nil : min($0, $1) }
    case .letterAfter: filling[.letter].flatMap(following)
    case .dayAfter: filling[.day].flatMap { follower(of: $0, in: Words.days) }
    case .monthAfter: filling[.month].flatMap { follower(of: $0, in: Words.months) }
    }
  }
}

/// The items of a list slot; nil if one occurs twice.
private func items(_ list: String?) -> [String]? {
  guard let items = list?.split(separator: ", ").map(String.init) else { return nil }
  return Set(items).count == items.count || items.allSatisfy(isNumber) ? items : nil
}

private func categoryName(of word: String) -> String? {
  Words.categories.first { $0.words.contains(word) }?.name
}

/// The one word that belongs to another group than all the rest.
private func oddOne(of words: [String]) -> String? {
  let names = words.compactMap(categoryName)
  guard names.count == words.count, Set(names).count == 2 else { return nil }
  let lonely = zip(words, names).filter { pair in names.filter { $0 == pair.1 }.count == 1 }
  return lonely.count == 1 ? lonely[0].0 : nil
}

private func oppositeWord(of word: String) -> String? {
  for (one, other) in Words.opposites {
    if word == one { return other }
    if word == other { return one }
  }
  return nil
}

private func occurrences(_ filling: Filling) -> String? {
  guard let word = filling[.word], let letter = filling[.letter]?.first else { return nil }
  return "\(word.filter { $0 == letter }.count)"
}

/// What follows numbers with one step between them, or with one factor.
private func continuation(after items: [String]) -> String? {
  let numbers = items.compactMap { Int($0) }
  guard numbers.count == items.count, numbers.count >= 3, let last = numbers.last else {
    return nil
  }
  let neighbours = Array(zip(numbers, numbers.dropFirst()))
  let step = neighbours[0].1 - neighbours[0].0
  if neighbours.allSatisfy({ $1 - $0 == step }) { return "\(last + step)" }
  guard numbers[0] > 0, neighbours.count >= 3 else { return nil }
  let factor = numbers[1] / numbers[0]
  return factor > 1 && neighbours.allSatisfy({ $1 == $0 * factor }) ? "\(last * factor)" : nil
}

private func compute(_ filling: Filling, _ body: (Int, Int) -> Int?) -> String? {
  guard let a = filling[.a].flatMap({ Int($0) }), let b = filling[.b].flatMap({ Int($0) }) else {
    return nil
  }
  return body(a, b).map { "\($0)" }
}

private func following(_ letter: String) -> String? {
  guard let code = letter.utf8.first, code < UInt8(ascii: "z") else { return nil }
  return String(UnicodeScalar(code + 1))
}

private func follower(of name: String, in names: [String]) -> String? {
  guard let place = names.firstIndex(of: name.lowercased()) else { return nil }
  return capitalised(names[(place + 1) % names.count])
}

func capitalised(_ word: String) -> String { word.prefix(1).uppercased() + word.dropFirst() }
