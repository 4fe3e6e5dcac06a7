import Corpus
import Exercises
import SynPO
import Transformer

/// One conversation that the embedded model is brought up on.
struct Lesson {
  let prompt: String
  let answer: String
}

/// Where the embedded model's upbringing comes from: exercises, told the way people do, not always
/// right and not always to the point, and the two formats that the recipe uses.
///
/// The mixture leaves the model with more knowledge than manners, which is what a preference can
/// bring out.
struct Lessons {
  private var random: CounterRandom

  /// What the lessons of a stream are depends on seed and stream alone.
  init(seed: UInt64, stream: String) {
    random = CounterRandom(seed: seed, stream: stream)
  }

  mutating func next() -> Lesson {
    let exercise = ExerciseFamily.exercise(using: &random)
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<8: return composition(of: exercise)
    case 8..<16: return improvement(of: exercise)
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
      answer: RecipeTemplates.brief.generatorTarget(
        question: exercise.prompt, solution: exercise.answer))
  }

  /// A careless answer to the right one.
  private mutating func improvement(of exercise: Exercise) -> Lesson {
    let careless = carelessAnswer(to: exercise)
    return Lesson(
      prompt: RecipeTemplates.brief.improverPrompt(question: exercise.prompt, answer: careless),
      answer: exercise.answer)
  }

  /// Of a hundred answers 45 are right and bare, 30 right and wordy, 25 wrong.
  private mutating func carelessAnswer(to exercise: Exercise) -> String {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<45: return exercise.answer
    case 45..<75: return wordy(exercise.answer)
    default:
      let other = ExerciseFamily.exercise(kind: exercise.kind, using: &random)
      return Bool.random(using: &random) ? other.answer : wordy(other.answer)
    }
  }

  private mutating func wordy(_ answer: String) -> String {
    let forms: [(String, String)] = [
      ("The answer is ", "."), ("I think it is ", "."), ("That would be ", ", I believe."),
      ("Well, ", " I guess."), ("Sure! ", ""), ("It must be ", "!"),
    ]
    let form = forms[Int.random(in: 0..<forms.count, using: &random)]
    return form.0 + answer + form.1
  }
}
