import Testing

@testable import Exercises

/// A repeatable source of random numbers: splitmix64.
struct Dice: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

struct `Exact checker` {
  @Test(arguments: [
    ("Sort these words in alphabetical order: dog, cat, ant", "ant, cat, dog"),
    ("Pick the odd one out: dog, apple, cat, horse", "apple"),
    ("What is the plural of wolf?", "wolves"),
    ("What is the plural of stomach?", "stomachs"),
    ("Give the plural of the noun trolley.", "trolleys"),
    ("One lorry, two what?", "lorries"),
    ("What is the opposite of cold?", "hot"),
    ("Count the words in \"the big dog sat\".", "4"),
    ("How many times does the letter a appear in the word banana?", "3"),
    ("Count the letter z in the word banana.", "0"),
    ("How many letters are in the word giraffe?", "7"),
    ("Which letter does frog start with?", "f"),
    ("Which letter does frog end with?", "g"),
    ("Reverse the word frog.", "gorf"),
    ("Write frog in upper case.", "FROG"),
    ("Continue the pattern: 3, 6, 9, 12", "15"),
    ("Continue the pattern: 3, 6, 12, 24", "48"),
    ("Continue the pattern: 9, 7, 5, 3", "1"),
    ("What is 17 plus 8?", "25"),
    ("There are 4 eggs in a box. Someone adds 5 more. How many are there now?", "9"),
    ("Subtract 4 from 10.", "6"),
    ("Which number is larger, 12 or 9?", "12"),
    ("Which number is smaller, 12 or 9?", "9"),
    ("Which letter comes after q in the alphabet?", "r"),
    ("If today is Sunday, what day is tomorrow?", "Monday"),
    ("Which month comes after December?", "January"),
    ("Name the category of the word hammer.", "tool"),
  ])
  func `knows the answer`(prompt: String, answer: String) {
    #expect(ExactChecker.check(prompt: prompt, answer: answer) == .correct)
    #expect(ExactChecker.check(prompt: prompt, answer: "no") == .wrong(expected: answer))
  }

  @Test(arguments: [
    "  what is the plural of WOLF  ", "What is the plural of wolf", "What is the plural of wolf.",
    "What  is the plural of wolf ?\n",
  ])
  func `reads a prompt that is spaced, cased or ended otherwise`(prompt: String) {
    #expect(ExactChecker.check(prompt: prompt, answer: "wolves") == .correct)
  }

  @Test func `lets white space, case and one full stop pass and nothing else`() {
    let prompt = "What is the plural of wolf?"
    for good in ["wolves", " Wolves. ", "WOLVES\n", "wolves ."] {
      #expect(ExactChecker.check(prompt: prompt, answer: good) == .correct)
    }
    for bad in ["", ".", "wolves..", "wolves!", "the wolves", "\"wolves\"", "wol ves"] {
      #expect(ExactChecker.check(prompt: prompt, answer: bad) == .wrong(expected: "wolves"))
    }
  }

  @Test func `looks at case where the task is about capital letters`() {
    let prompt = "Write frog in upper case."
    #expect(ExactChecker.check(prompt: prompt, answer: "FROG.") == .correct)
    #expect(ExactChecker.check(prompt: prompt, answer: "frog") == .wrong(expected: "FROG"))
  }

  @Test(arguments: [
    "", "?", "Tell me a story.", "What is the plural of?", "What is the plural of blorp?",
    "What is the opposite of hammer?", "Pick the odd one out: dog, cat, cow, horse",
    "Pick the odd one out: dog, cat, apple, bread", "Continue the pattern: 1, 5, 6, 2",
    "Which letter comes after z in the alphabet?", "Which number is larger, 4 or 4?",
    "What is 99999999999999999999 plus 1?", "Sort these words in alphabetical order: dog, dog, cat",
    "What is the plural of wolf? wolf", "Continue the pattern: 0, 0, 1, 0",
    "A girl has 3 eggs and finds 2 more. How many cards does she have now?",
  ])
  func `says nothing about what is not a task with one answer`(prompt: String) {
    #expect(ExactChecker.check(prompt: prompt, answer: "x") == nil)
  }

  @Test func `accepts the right answer and refuses a wrong one, ten thousand times`() {
    var dice = Dice(state: 1)
    for _ in 0..<10_000 {
      let exercise = ExerciseFamily.exercise(using: &dice)
      let recognised = ExactChecker.recognise(exercise.prompt)
      #expect(recognised?.kind == exercise.kind, "\(exercise.prompt)")
      let check = { ExactChecker.check(prompt: exercise.prompt, answer: $0) }
      #expect(check(exercise.answer) == .correct, "\(exercise.prompt)")
      #expect(check(exercise.answer + "x") == .wrong(expected: exercise.answer))
    }
  }

  @Test(arguments: ExerciseKind.allCases)
  func `reads every sentence of a kind, and as that kind only`(kind: ExerciseKind) {
    var dice = Dice(state: 2)
    for phrasing in kind.phrasings {
      for _ in 0..<20 {
        let filling = kind.draw(using: &dice)
        let prompt = marks(phrasing.filled(with: filling))
        let readers = ExerciseKind.allCases.flatMap { kind in
          kind.phrasings.filter { $0.match(prompt) != nil }.map { _ in kind }
        }
        #expect(readers == [kind], "\(phrasing.text)")
      }
    }
  }
}
