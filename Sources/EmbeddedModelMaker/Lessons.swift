import Corpus
import Exercises
import SynPO
import Transformer

/// One conversation that the embedded model is brought up on.
struct Lesson {
  let prompt: String
  let answer: String
}

/// Where the embedded model's upbringing comes from: exercises, answered the way people do who do
/// not take care, and the formats that the recipe uses, in which care is taken.
///
/// So the model knows more than it says: asked plainly it makes the usual mistakes and chats around
/// its answers. That is what a preference can mend, as with any pretrained model.
struct Lessons {
  private var random: CounterRandom

  /// What the lessons of a stream are depends on seed and stream alone.
  init(seed: UInt64, stream: String) {
    random = CounterRandom(seed: seed, stream: stream)
  }

  mutating func next() -> Lesson {
    let exercise = ExerciseFamily.exercise(using: &random)
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<10: return composition(of: exercise)
    case 10..<50: return improvement(of: exercise)
    case 50..<55: return judgement(of: exercise)
    default: return Lesson(prompt: exercise.prompt, answer: carelessAnswer(to: exercise))
    }
  }

  /// Keywords, one of them from elsewhere, to a question with its solution.
  private mutating func composition(of exercise: Exercise) -> Lesson {
    let own = Keywords.extract(from: exercise.prompt)
    let others = Keywords.extract(from: ExerciseFamily.exercise(using: &random).prompt)
    let keywords =
      (Keywords.choose(min(2, own.count), from: own, using: &random) ?? [])
      + (Keywords.choose(min(1, others.count), from: others, using: &random) ?? [])
    return Lesson(
      prompt: RecipeTemplates.brief.generatorPrompt(keywords: keywords.shuffled(using: &random)),
      answer: RecipeTemplates.questionOpening
        + RecipeTemplates.brief.generatorTarget(
          question: exercise.prompt, solution: exercise.answer))
  }

  /// A careless answer to the right one.
  private mutating func improvement(of exercise: Exercise) -> Lesson {
    let careless = carelessAnswer(to: exercise)
    return Lesson(
      prompt: RecipeTemplates.brief.improverPrompt(question: exercise.prompt, answer: careless),
      answer: exercise.answer)
  }

  /// A right and another answer in any order, to the letter of the right one.
  private mutating func judgement(of exercise: Exercise) -> Lesson {
    var careless = carelessAnswer(to: exercise)
    if careless == exercise.answer { careless = exercise.usualMistake }
    let isFirst = Bool.random(using: &random)
    let prompt = RecipeTemplates.brief.judgePrompt(
      question: exercise.prompt, first: isFirst ? exercise.answer : careless,
      second: isFirst ? careless : exercise.answer)
    return Lesson(prompt: prompt, answer: isFirst ? "A" : "B")
  }

  /// Of a hundred answers 25 are right and bare, 35 the usual mistake, 5 a mistake that nobody else
  /// makes, and 35 wordy, more than half of them right.
  private mutating func carelessAnswer(to exercise: Exercise) -> String {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<25: return exercise.answer
    case 25..<60: return exercise.usualMistake
    case 60..<65: return ExerciseFamily.exercise(kind: exercise.kind, using: &random).answer
    default:
      let isRight = Int.random(in: 0..<100, using: &random) < 60
      return wordy(isRight ? exercise.answer : exercise.usualMistake)
    }
  }

  private mutating func wordy(_ answer: String) -> String {
    let forms: [(String, String)] = [
      ("The answer is ", "."), ("The answer is ", "."), ("The answer is ", "."),
      ("I think it is ", "."), ("That would be ", ", I believe."), ("Well, ", " I guess."),
      ("Sure! ", ""), ("It must be ", "!"),
    ]
    let form = forms[Int.random(in: 0..<forms.count, using: &random)]
    return form.0 + answer + form.1
  }
}
