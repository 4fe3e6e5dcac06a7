/// The words in which the generator and the improver are asked for their work.
///
/// The same template serves training and inference. Fields stand in braces: `{keywords}` for the
/// generator, `{question}` and `{answer}` for the improver, `{question}`, `{first}` and `{second}` for
/// the model as judge, which is to answer A or B. The structure of the first two follows the paper's
/// figures 3 and 7; the words are ours and can be set.
public struct RecipeTemplates: Codable, Equatable, Sendable {
  public var generator: String
  public var improver: String
  public var judge: String

  public init(generator: String, improver: String, judge: String) {
    self.generator = generator
    self.improver = improver
    self.judge = judge
  }

  /// For models that follow instructions.
  public static let detailed = RecipeTemplates(
    generator: """
      ## Background
      Write one question or instruction, together with its solution, out of the given keywords.

      ## Requirements
      The question should make use of the keywords where they fit. The solution has to be correct, \
      explain its steps and hold as much knowledge as it needs.

      ## Given Keywords
      {keywords}

      ## Output Format
      <question>...</question>
      <solution>...</solution>

      ## Output
      """,
    improver: """
      You are a smart assistant. Improve the answer of the pair below: correct its mistakes, add \
      what is missing, keep to the question and be complete.

      Given question: {question}

      Original answer: {answer}

      Rewritten answer:
      """,
    judge: """
      Which of the two answers below is better: more correct, more helpful, closer to the question? \
      Length alone is no merit. Reply with the single letter A or B.

      Question: {question}

      Answer A: {first}

      Answer B: {second}

      The better answer is
      """)

  /// For models too small for instructions.
  public static let brief = RecipeTemplates(
    generator: "Write a question with: {keywords}",
    improver: "Improve the answer. {question} Answer: {answer}",
    judge: "Which answer is better? {question} A: {first} B: {second}")

  public func generatorPrompt(keywords: [String]) -> String {
    generator.replacing("{keywords}", with: keywords.joined(separator: ", "))
  }

  /// What every text of the generator begins with: it is put there, so that even a generator that
  /// has seen few seeds writes a question and nothing else.
  public static let questionOpening = "<question>"
  /// What ends its question.
  public static let questionClosing = "</question>"
  /// All that may end it where the model forgets that.
  static let questionEnds = [questionClosing, "<solution>", "</solution>"]

  /// What the generator is trained to write after ``questionOpening``.
  public func generatorTarget(question: String, solution: String) -> String {
    "\(question)\(Self.questionClosing)\n<solution>\(solution)</solution>"
  }

  public func improverPrompt(question: String, answer: String) -> String {
    Self.filled(improver, ["{question}": question, "{answer}": answer])
  }

  /// Asks which of two answers is better; the reply is `A` for the first, `B` for the second.
  public func judgePrompt(question: String, first: String, second: String) -> String {
    Self.filled(judge, ["{question}": question, "{first}": first, "{second}": second])
  }

  /// Fills all fields in one pass, so that a field's text may hold braces.
  private static func filled(_ template: String, _ fields: [String: String]) -> String {
    var result = ""
    var rest = template[...]
    while let next = fields.keys.compactMap({ key in rest.firstRange(of: key).map { ($0, key) } })
      .min(by: { $0.0.lowerBound < $1.0.lowerBound })
    {
      result += rest[..<next.0.lowerBound] + (fields[next.1] ?? "")
      rest = rest[next.0.upperBound...]
    }
    return result + rest
  }
}

/// What a generator wrote, taken apart.
public struct GeneratedPrompt: Equatable, Sendable {
  public let question: String
  /// Only told, never trained on: the paper does not use it further. Empty where none was written.
  public let solution: String

  public enum Problem: String, Error, CaseIterable, Codable, Sendable {
    case noQuestion = "no_question"
    case emptyQuestion = "empty_question"
    case severalQuestions = "several_questions"
    case cutShort = "cut_short"
  }

  /// Finds the one question between its tags; where the closing one is missing, the solution's tag
  /// ends it. The solution's opening tag may be written as a closing one, as in the paper's own
  /// template, and its end may be missing.
  public init(parsing text: String) throws(Problem) {
    let opened = text.ranges(of: RecipeTemplates.questionOpening)
    guard let first = opened.first else { throw .noQuestion }
    guard opened.count == 1 else { throw .severalQuestions }
    let body = text[first.upperBound...]
    let ends = RecipeTemplates.questionEnds.compactMap { body.firstRange(of: $0)?.lowerBound }
    guard let end = ends.min() else { throw .cutShort }
    question = Self.trimmed(body[..<end])
    guard question.contains(where: { $0.isLetter || $0.isNumber }) else { throw .emptyQuestion }
    let rest = body[end...]
    let tag = rest.firstRange(of: "<solution>") ?? rest.firstRange(of: "</solution>")
    let told = tag.map { rest[$0.upperBound...] } ?? ""
    solution = Self.trimmed(
      told[..<(told.firstRange(of: "</solution>")?.lowerBound ?? told.endIndex)])
  }

  private static func trimmed(_ text: Substring) -> String {
    var rest = text.drop(while: \.isWhitespace)
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return String(rest)
  }
}
