extension ExerciseFamily {
  /// A little paragraph, two to four sentences, from which keywords can be drawn for new tasks.
  ///
  /// It stands in for a page of the web: people talk about one kind of task, and name words that
  /// such a task could be about.
  public static func keywordParagraph(
    using random: inout some RandomNumberGenerator
  ) -> String {
    let kind = one(of: ExerciseKind.allCases, using: &random)
    let talk = kind.talk.shuffled(using: &random)
    var sentences = talk.prefix(Int.random(in: 1...2, using: &random)).map {
      Template($0).filled(with: kind.draw(using: &random))
    }
    for _ in 0..<Int.random(in: 1...2, using: &random) {
      sentences.append(scene(using: &random))
    }
    return sentences.joined(separator: " ")
  }

  /// Something that people or animals did with things.
  private static func scene(using random: inout some RandomNumberGenerator) -> String {
    let job = one(of: Words.categories[6].words, using: &random)
    let animal = one(of: Words.categories[0].words, using: &random)
    let food = one(of: Words.categories[1].words, using: &random)
    let tool = one(of: Words.categories[4].words, using: &random)
    let vehicle = one(of: Words.categories[5].words, using: &random)
    let place = one(of: Words.places, using: &random)
    let description = one(of: Words.descriptions, using: &random)
    return one(
      of: [
        "The \(job) left the \(tool) near the \(place).",
        "Behind the \(place) the \(description) \(animal) was eating \(food).",
        "The \(vehicle) full of \(food) stood by the \(place).",
        "The \(description) \(job) came by \(vehicle) and looked for the \(animal).",
        "Nobody knew why the \(animal) hid under the \(vehicle).",
        "On the \(place) lay the \(tool) and some \(food).",
      ], using: &random)
  }
}

extension ExerciseKind {
  /// What people say when they talk about this kind of task. The slots are those of the task.
  fileprivate var talk: [String] {
    switch self {
    case .sortWords:
      [
        "The words {words} were sorted in alphabetical order.",
        "A dictionary keeps its words in order, so the children had to arrange {words}.",
        "She wrote a list of words, {words}, and put them in the order of the alphabet.",
      ]
    case .oddOneOut:
      [
        "In the list {words} one word did not belong with the others.",
        "They played a game of finding the odd one out among {words}.",
        "The group {words} had one word that was different from the rest.",
      ]
    case .category:
      [
        "They asked which category the word {word} belongs to.",
        "Every word has its group, and {word} names a kind of thing.",
        "The teacher wanted to know what sort of thing the word {word} means.",
      ]
    case .plural:
      [
        "The plural of the noun {word} was written on the board.",
        "Somebody saw one {word}, then several, and asked for the plural form.",
        "To change the singular {word} into a plural is not hard.",
      ]
    case .opposite:
      [
        "The opposite of {word} was the answer in the game.",
        "He looked for a word with the opposite meaning of {word}.",
        "What is not {word} may be the very opposite.",
      ]
    case .countWords:
      [
        "The sentence said that {sentence}, and the class had to count the words.",
        "A short phrase such as {sentence} does not have many words.",
        "They read the sentence and found the number of words: {sentence}.",
      ]
    case .countLetter:
      [
        "The letter {letter} may appear in the word {word} many times.",
        "She began to count how often a letter occurs in the word {word}.",
        "To spell {word} one letter is used again and again.",
      ]
    case .wordLength:
      [
        "The length of the word {word} is the number of its letters.",
        "They counted how many letters the long word {word} has.",
        "To spell {word} you need some letters.",
      ]
    case .firstLetter:
      [
        "The first letter of the word {word} was painted red.",
        "Every word begins with some letter, and so does {word}.",
        "At the start of {word} stands its initial letter.",
      ]
    case .lastLetter:
      [
        "The last letter of the word {word} was missing.",
        "Nobody knew with which final letter the word {word} would end.",
        "They looked at {word} and named the letter at the end.",
      ]
    case .reverseWord:
      [
        "They learned to spell the word {word} backwards.",
        "In a mirror the letters of {word} stand in reverse order.",
        "She could read {word} backwards, from right to left.",
      ]
    case .upperCase:
      [
        "On the sign the word {word} was written in capital letters.",
        "Please use upper case for {word}, with big capital letters only.",
        "He wanted to shout the word {word} in capitals.",
      ]
    case .nextNumber:
      [
        "The numbers {numbers} follow a pattern, and the next number comes soon.",
        "A series of numbers begins with {numbers} and goes on by a rule.",
        "They had to continue the row of numbers and find the next number.",
      ]
    case .sum:
      [
        "One box held {a} {things} and another held {b}, so they had to add them together.",
        "The sum of two numbers is their total.",
        "A girl had {a} {things}, found more {things} and wanted to compute the total.",
      ]
    case .difference:
      [
        "A boy had {a} {things} and gave away {b}, and some {things} were left.",
        "To subtract one number from another gives the difference.",
        "The shop sold {b} {things}, and few {things} remain.",
      ]
    case .largerNumber:
      [
        "They compared the two numbers {a} and {b} to find the larger number.",
        "The greater of two numbers is the bigger one.",
        "Whoever drew the higher number, {a} or {b}, won the biggest prize.",
      ]
    case .smallerNumber:
      [
        "They compared the two numbers {a} and {b} to find the smaller number.",
        "The lesser of two numbers is the lower one.",
        "Whoever drew the lower number, {a} or {b}, got the smallest prize.",
      ]
    case .letterAfter:
      [
        "In the alphabet each letter follows another letter.",
        "They sang the alphabet and stopped after the letter {letter}.",
        "The next letter of the alphabet comes right after {letter}.",
      ]
    case .dayAfter:
      [
        "The market comes every week on the day after {day}.",
        "Tomorrow is another day of the week, because today is {day}.",
        "Yesterday was {day}, the weekday that nobody likes.",
      ]
    case .monthAfter:
      [
        "The calendar shows which month of the year comes after {month}.",
        "Next month the year begins anew, and {month} ends.",
        "The month that will follow {month} is warm.",
      ]
    }
  }
}
