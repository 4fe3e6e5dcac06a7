import ArgumentParser
import Foundation
import ModelConversion
import SynPO
import Tokenization
import Transformer

struct ModelGenerate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Lets a model answer a prompt, or every prompt of a file.",
    discussion: """
      With --prompt the answer is printed as it comes. With --file each line is a JSON object with \
      `prompt` or `messages`, and each answer a line: {"line", "prompt", "completion", "finish", …}, \
      in the order of the prompts or, with --as-finished, as they come. An answer depends on its \
      prompt, its line, its sample and --seed, not on what else is generated.
      """)

  @Argument(
    help: "embedded, a packed model, a GGUF file or a Hugging Face folder.", completion: .file())
  var model: String

  @Option(name: .shortAndLong, help: "What the model is asked.") var prompt: String?
  @Option(
    name: .shortAndLong, help: "Prompts as JSON lines; - is standard input.",
    completion: .file())
  var file: String?

  @OptionGroup var sampling: SamplingOptions

  @Option(name: [.short, .long], help: "Prompt and answer together, in tokens; the model caps it.")
  var ctxSize = 2048
  @Option(help: "Answers that are written at once.") var parallelSequences = 16
  @Option(help: "Answers to each prompt, with --file or --json; the prompt is read once.")
  var samples = 1
  @Flag(help: "With --file: tell each answer as soon as it is finished.") var asFinished = false
  @OptionGroup var cache: CacheOptions

  @Flag(help: "Continue the prompt as it is, without a chat template.") var raw = false
  @Option(help: "chatml, plain, or a file; the model's own if not given.")
  var chatTemplate = ""
  @Option(help: "A LoRA adapter to add: a PEFT folder, or a GGUF file.", completion: .file())
  var adapter: String?
  @Option(help: "End the answer before this text; may be given again.") var stop: [String] = []
  @Flag(help: "With --prompt: one JSON object instead of text.") var json = false

  func validate() throws {
    guard (prompt == nil) != (file == nil) else {
      throw ValidationError("Give either --prompt or --file.")
    }
    guard ctxSize > 1, (1...4096).contains(parallelSequences) else {
      throw ValidationError("--ctx-size must be above 1, --parallel-sequences from 1 to 4096.")
    }
    guard samples > 0, samples == 1 || file != nil || json else {
      throw ValidationError("--samples must be at least 1, and above 1 needs --file or --json.")
    }
    guard !raw || chatTemplate.isEmpty else {
      throw ValidationError("--raw and --chat-template exclude each other.")
    }
  }

  func run() throws {
    let speaker = try speaker()
    if let file {
      try PromptFile(path: file, samples: samples, order: asFinished ? .asFinished : .asRequested)
        .answer(with: speaker, atOnce: parallelSequences)
    } else if json {
      try speaker.answerAsJSON(
        PromptLine(prompt: prompt), samples: samples, atOnce: parallelSequences)
    } else {
      try speaker.answer(PromptLine(prompt: prompt))
    }
  }

  private func speaker() throws -> Speaker {
    let choice = raw ? TemplateChoice.plain : TemplateChoice(setting: chatTemplate)
    if case .file(let path) = choice { try checkReadable(path) }
    var chat = try ChatModel(file: PackedModels.open(model), template: choice)
    if let adapter {
      chat.adapter = try AdapterConversion.read(from: adapter, shape: chat.model.shape)
    }
    return Speaker(
      chat: chat, isRaw: raw, settings: sampling.settings, contextSize: ctxSize,
      cache: cache.precision, stops: stop.filter { !$0.isEmpty })
  }
}

/// What is asked in one line of a file.
struct PromptLine: Codable {
  var prompt: String?
  var messages: [ChatMessage]?
}

/// What was answered, as a line of JSON.
struct AnswerLine: Encodable {
  /// The number of the prompt's line in its file.
  var line: UInt64?
  /// Which of several answers it is; nil where there is one.
  var sample: Int?
  var prompt: String?
  var messages: [ChatMessage]?
  var completion: String
  var finish: String
  var promptTokens: Int
  var tokens: Int
}
