import SynPO
import Testing

struct RecipeTemplatesTests {
  @Test func `fields are filled, whatever their text`() {
    let templates = RecipeTemplates.detailed
    let prompt = templates.improverPrompt(question: "What is {answer}?", answer: "{question}")
    #expect(prompt.contains("Given question: What is {answer}?"))
    #expect(prompt.contains("Original answer: {question}"))
    #expect(templates.generatorPrompt(keywords: ["sea", "boat"]).contains("\nsea, boat\n"))
  }

  @Test func `a judge is shown both answers, each in its place`() {
    let prompt = RecipeTemplates.detailed.judgePrompt(
      question: "Why {first}?", first: "So {second}.", second: "No.")
    #expect(prompt.contains("Question: Why {first}?"))
    #expect(prompt.contains("Answer A: So {second}."))
    #expect(prompt.contains("Answer B: No."))
  }

  @Test func `what the generator is taught is what is read back`() throws {
    let text = RecipeTemplates.brief.generatorTarget(question: "Why?", solution: "So.")
    let parsed = try GeneratedPrompt(parsing: RecipeTemplates.questionOpening + text)
    #expect(parsed.question == "Why?")
    #expect(parsed.solution == "So.")
  }

  @Test func `a solution opened by a closing tag, or never closed, is read`() throws {
    let quirk = try GeneratedPrompt(
      parsing: "<question> Why? </question></solution> So.</solution>")
    #expect(quirk.question == "Why?")
    #expect(quirk.solution == "So.")
    #expect(try GeneratedPrompt(parsing: "<question>Why?</question><solution>So").solution == "So")
    #expect(try GeneratedPrompt(parsing: "<question>Why?</question>").solution == "")
  }

  @Test func `a question that is not closed ends where its solution begins`() throws {
    let open = try GeneratedPrompt(parsing: "<question>Why?\n<solution>So.</solution>")
    #expect(open.question == "Why?")
    #expect(open.solution == "So.")
  }

  @Test(arguments: [
    ("no tags at all", GeneratedPrompt.Problem.noQuestion),
    ("<question>  </question>", .emptyQuestion),
    ("<question>...</question>", .emptyQuestion),
    ("<question>Why?", .cutShort),
    ("<question>a</question><question>b</question>", .severalQuestions),
  ])
  func `what cannot be taken apart has a reason`(text: String, problem: GeneratedPrompt.Problem) {
    #expect(throws: problem) { try GeneratedPrompt(parsing: text) }
  }
}
