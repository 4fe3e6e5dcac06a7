extension ExerciseKind {
  /// Something for each slot that the sentences of this kind may have.
  func draw(using random: inout some RandomNumberGenerator) -> Filling {
    switch self {
    case .sortWords:
      [.words: differentInitials(3, using: &random)]
    case .oddOneOut: [.words: oddGroup(using: &random)]
    case .category:
      [.word: one(of: one(of: Words.categories, using: &random).words, using: &random)]
    case .plural: [.word: one(of: Plural.nouns, using: &random)]
    case .opposite:
      [.word: one(of: Words.opposites.flatMap { [$0.0, $0.1] }, using: &random)]
    case .countWords: [.sentence: sentence(using: &random)]
    case .countLetter: letterInWord(using: &random)
    case .wordLength: [.word: one(of: Words.medium, using: &random)]
    case .reverseWord, .firstLetter, .lastLetter, .upperCase:
      [.word: one(of: Words.short, using: &random)]
    case .nextNumber: [.numbers: pattern(using: &random)]
    case .sum: numbers(1...12, 1...12, using: &random)
    case .difference: subtraction(using: &random)
    case .largerNumber, .smallerNumber: twoNumbers(using: &random)
    case .letterAfter:
      [.letter: one(of: "abcdefghijklmnopqrstuvwxy".map { String($0) }, using: &random)]
    case .dayAfter: [.day: capitalised(one(of: Words.days, using: &random))]
    case .monthAfter: [.month: capitalised(one(of: Words.months, using: &random))]
    }
  }
}

/// One element.
/// - Precondition: there is one.
func one<T>(of elements: [T], using random: inout some RandomNumberGenerator) -> T {
  elements[Int.random(in: 0..<elements.count, using: &random)]
}

/// `count` different words with commas between them.
private func several(
  _ count: Int, of words: [String], using random: inout some RandomNumberGenerator
) -> String {
  var chosen: [String] = []
  while chosen.count < count {
    let word = one(of: words, using: &random)
    if !chosen.contains(word) { chosen.append(word) }
  }
  return chosen.joined(separator: ", ")
}

/// `count` words that begin with different letters, with commas between them.
private func differentInitials(
  _ count: Int, using random: inout some RandomNumberGenerator
) -> String {
  var chosen: [String] = []
  while chosen.count < count {
    let word = one(of: Words.short, using: &random)
    if !chosen.contains(where: { $0.first == word.first }) { chosen.append(word) }
  }
  return chosen.joined(separator: ", ")
}

/// Three words of one group and one of another, in any order.
private func oddGroup(using random: inout some RandomNumberGenerator) -> String {
  let groups = Words.categories.shuffled(using: &random)
  let same = several(3, of: groups[0].words, using: &random)
  let all =
    same.split(separator: ", ").map(String.init) + [one(of: groups[1].words, using: &random)]
  return all.shuffled(using: &random).joined(separator: ", ")
}

/// Three to seven words that say something.
private func sentence(using random: inout some RandomNumberGenerator) -> String {
  var words = [one(of: ["the", "the", "our", "that"], using: &random)]
  if Bool.random(using: &random) { words.append(one(of: Words.descriptions, using: &random)) }
  words.append(one(of: Words.categories[0].words, using: &random))
  words.append(one(of: Words.verbs, using: &random))
  if Bool.random(using: &random) {
    words += [one(of: ["near", "by", "behind"], using: &random), "the"]
    words.append(one(of: Words.places, using: &random))
  } else if Bool.random(using: &random) {
    words.append(one(of: ["again", "alone", "today", "here"], using: &random))
  }
  return words.joined(separator: " ")
}

/// A word and a letter, which most of the time occurs in it.
private func letterInWord(using random: inout some RandomNumberGenerator) -> Filling {
  let word = one(of: Words.short, using: &random)
  let isInside = Int.random(in: 0..<5, using: &random) > 0
  let letters = (isInside ? word : "aeiouslrnt").map(String.init)
  return [.word: word, .letter: one(of: letters, using: &random)]
}

/// Four numbers with the same step between them, upwards or downwards, or doubling.
private func pattern(using random: inout some RandomNumberGenerator) -> String {
  let form = Int.random(in: 0..<10, using: &random)
  let step = Int.random(in: 1...5, using: &random)
  let start = Int.random(in: 1...12, using: &random)
  let numbers: [Int] =
    switch form {
    case 0: (0..<4).map { (start % 6 + 1) << $0 }
    case 1, 2: (0..<4).map { start + (4 - $0) * step }
    default: (0..<4).map { start + $0 * step }
    }
  return numbers.map(String.init).joined(separator: ", ")
}

private func numbers(
  _ first: ClosedRange<Int>, _ second: ClosedRange<Int>,
  using random: inout some RandomNumberGenerator
) -> Filling {
  let things = ["apples", "books", "coins", "eggs", "stamps", "marbles", "cards", "flowers"]
  return [
    .a: "\(Int.random(in: first, using: &random))", .b: "\(Int.random(in: second, using: &random))",
    .things: one(of: things, using: &random),
  ]
}

private func subtraction(using random: inout some RandomNumberGenerator) -> Filling {
  let whole = Int.random(in: 2...20, using: &random)
  return numbers(whole...whole, 1...(whole - 1), using: &random)
}

/// Two different numbers.
private func twoNumbers(using random: inout some RandomNumberGenerator) -> Filling {
  let first = Int.random(in: 1...99, using: &random)
  let other = (first + Int.random(in: 1...98, using: &random) - 1) % 99 + 1
  return numbers(first...first, other...other, using: &random)
}
