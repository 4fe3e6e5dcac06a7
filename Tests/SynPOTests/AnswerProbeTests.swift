import Testing
import Tokenization
import Training

@testable import SynPO

/// What the embedded model writes to exercises.
struct AnswerProbeTests {
  private let chat: ChatModel

  init() throws { chat = try ChatModel(file: .embedded()) }

  @Test func `the same model writes the same, and ends its answers`() throws {
    let probe = try #require(try AnswerProbe(settings: .embedded, chat: chat, prompts: prompts))
    let answers = probe.sample(chat.model, nil)
    #expect(answers == probe.sample(chat.model, nil))
    #expect(answers.answers == 32)
    #expect(answers.ended > 0.8 && answers.repetitive < 0.2)
    #expect((1...64).contains(answers.length))
  }

  @Test func `no more is written than is allowed, and then nothing has ended`() throws {
    var settings = RunSettings.embedded
    settings.generation.maxTokens = 1
    settings.policy.evalPrompts = 5
    let probe = try #require(try AnswerProbe(settings: settings, chat: chat, prompts: prompts))
    let answers = probe.sample(chat.model, nil)
    #expect(answers.answers == 5 && answers.length <= 1 && answers.ended < 0.5)
  }

  @Test func `it can be switched off, and without prompts there is none`() throws {
    var settings = RunSettings.embedded
    #expect(try AnswerProbe(settings: settings, chat: chat, prompts: []) == nil)
    settings.policy.evalSteps = 0
    #expect(try AnswerProbe(settings: settings, chat: chat, prompts: prompts) == nil)
  }

  @Test func `its name tells prompts and draws apart`() throws {
    var settings = RunSettings.embedded
    let names = try [
      AnswerProbe(settings: settings, chat: chat, prompts: prompts),
      AnswerProbe(settings: settings, chat: chat, prompts: prompts.reversed()),
      {
        settings.generation.temperature = 0.3
        return try AnswerProbe(settings: settings, chat: chat, prompts: prompts)
      }(),
    ].compactMap { $0?.identity }
    #expect(Set(names).count == 3)
  }

  private var prompts: [[ChatMessage]] {
    (0..<40).map { [ChatMessage(role: "user", content: "What is \($0) plus \($0 / 3)?")] }
  }
}
