import Testing

@testable import Exercises

struct `Exercise family` {
  @Test(arguments: ExerciseKind.allCases)
  func `asks in at least eight ways`(kind: ExerciseKind) {
    #expect(Set(kind.phrasings.map(\.text)).count >= 8)
  }

  @Test func `has at least forty words in each group, and none in two`() {
    var seen: Set<String> = []
    for category in Words.categories {
      #expect(category.words.count >= 40, "\(category.name)")
      for word in category.words {
        #expect(isWord(word) && seen.insert(word).inserted, "\(word)")
      }
    }
    let opposites = Words.opposites.flatMap { [$0.0, $0.1] }
    #expect(opposites.count >= 80 && Set(opposites).count == opposites.count)
    #expect(Words.all.allSatisfy(isWord))
  }

  @Test func `gives answers of one to eight words`() {
    var dice = Dice(state: 3)
    for _ in 0..<2_000 {
      let exercise = ExerciseFamily.exercise(using: &dice)
      #expect((1...8).contains(exercise.answer.split(separator: " ").count))
      #expect(!exercise.prompt.contains("{"))
    }
  }

  @Test func `draws the same from the same seed, and seldom the same twice`() {
    var first = Dice(state: 4)
    var second = Dice(state: 4)
    let once = (0..<1_000).map { _ in ExerciseFamily.exercise(using: &first) }
    #expect(once == (0..<1_000).map { _ in ExerciseFamily.exercise(using: &second) })
    #expect(Set(once.map(\.prompt)).count > 900)
    #expect(Set(once.map(\.kind)).count == ExerciseKind.allCases.count)
  }

  @Test func `writes paragraphs of two to four sentences, free of slots`() {
    var dice = Dice(state: 5)
    for _ in 0..<1_000 {
      let paragraph = ExerciseFamily.keywordParagraph(using: &dice)
      #expect((2...4).contains(paragraph.filter { $0 == "." }.count), "\(paragraph)")
      #expect(!paragraph.contains("{"))
      #expect(ExactChecker.recognise(paragraph) == nil)
    }
  }

  @Test func `knows a mistake to every task, and the checker refuses it`() {
    var dice = Dice(state: 6)
    for _ in 0..<5_000 {
      let exercise = ExerciseFamily.exercise(using: &dice)
      #expect(!exercise.usualMistake.isEmpty)
      #expect(
        ExactChecker.check(prompt: exercise.prompt, answer: exercise.usualMistake)
          == .wrong(expected: exercise.answer), "\(exercise.prompt): \(exercise.usualMistake)")
    }
  }
}
