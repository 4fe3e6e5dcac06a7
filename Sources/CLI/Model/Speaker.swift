import Bytes
import SynPO
import Synchronization
import Tensor
import Tokenization
import Transformer

/// A model with everything that says how it is to answer.
struct Speaker {
  let chat: ChatModel
  /// Whether prompts are continued as they are.
  let isRaw: Bool
  let settings: SamplingSettings
  let contextSize: Int
  let cache: KeyValueCache.Precision
  let stops: [String]

  var capacity: Int { min(contextSize, chat.model.contextLimit) }

  /// The tokens of what is asked.
  func tokens(of line: PromptLine) throws -> [Int32] {
    guard isRaw else {
      return try chat.prompt(
        line.messages ?? [ChatMessage(role: "user", content: line.prompt ?? "")])
    }
    guard let prompt = line.prompt else { throw PromptProblem.messagesWithRaw }
    let ids = chat.tokenizer.encode(
      prompt, addBOS: chat.tokenizer.definition.addsBOS || prompt.isEmpty)
    guard !ids.isEmpty else { throw PromptProblem.empty }
    return ids
  }

  /// Answers one prompt, several times if wanted, and prints each answer as JSON.
  func answerAsJSON(_ line: PromptLine, samples: Int, atOnce slots: Int) throws {
    let prompt = try fittingTokens(of: line)
    var generator = makeGenerator(slots: fitting(min(slots, samples)))
    let requests = (0..<samples).map { GenerationRequest(key: 0, sample: $0, prompt: prompt) }
    for completion in generator.answers(to: requests) {
      try Results.write(json: answer(to: line, completion, isOneOfSeveral: samples > 1))
    }
  }

  private func fittingTokens(of line: PromptLine) throws -> [Int32] {
    let prompt = try tokens(of: line)
    guard prompt.count < capacity else {
      throw TransformerError.tooLong(tokens: prompt.count, limit: capacity - 1)
    }
    return prompt
  }

  /// Answers one prompt and prints the text as it comes.
  func answer(_ line: PromptLine) throws {
    let prompt = try fittingTokens(of: line)
    let start = ContinuousClock.now
    let text = GrowingText(AnswerText(chat.tokenizer, stops: stops))
    let completion = try complete(prompt, into: text) { try Results.write(text.news()) }
    try Results.write(text.rest() + "\n")
    let rate = Double(completion.tokens.count) / max((ContinuousClock.now - start).seconds, 1e-3)
    Console.standard.note(
      "\(prompt.count) + \(completion.tokens.count) tokens, \(decimal(rate)) tokens/s, "
        + "ended by \(completion.finish.rawValue)")
  }

  /// Continues `prompt`; `afterStep` is called after every token.
  private func complete(
    _ prompt: [Int32], into text: GrowingText, afterStep: () throws -> Void
  ) throws -> Completion {
    var generator = makeGenerator(slots: 1) { text.take($0) }
    generator.add(GenerationRequest(key: 0, prompt: prompt))
    while true {
      let done = generator.step()
      try afterStep()
      if let completion = done.first { return completion }
    }
  }

  /// As many sequences as are wanted, or fewer where their cache would take more than a quarter of
  /// the machine's memory.
  func fitting(_ slots: Int) -> Int {
    let machine = ResidentMemory.machine() ?? .gibibytes(4)
    let each = Generator.bytesPerSlot(model: chat.model, capacity: capacity, precision: cache)
    return max(1, min(slots, machine.bytes / 4 / max(each, 1)))
  }

  /// A generator for `slots` sequences at once.
  ///
  /// - Parameter watch: sees each answer as it grows and says whether a stop string has come.
  func makeGenerator(
    slots: Int, order: DeliveryOrder = .asRequested, watch: (@Sendable ([Int32]) -> Bool)? = nil
  ) -> Generator {
    Generator(
      model: chat.model, adapter: chat.adapter, settings: settings, endTokens: chat.endTokens,
      slots: slots, capacity: capacity, cache: CacheSettings(precision: cache), order: order,
      isStopped: watch ?? StopStrings(stops, tokenizer: chat.tokenizer)?.end)
  }

  /// The line that tells what was answered.
  func answer(
    to line: PromptLine, _ completion: Completion, number: UInt64? = nil, isOneOfSeveral: Bool
  ) -> AnswerLine {
    AnswerLine(
      line: number, sample: isOneOfSeveral ? completion.request.sample : nil,
      prompt: line.prompt, messages: line.messages,
      completion: AnswerText.whole(completion.tokens, chat.tokenizer, stops: stops),
      finish: completion.finish.rawValue, promptTokens: completion.request.prompt.count,
      tokens: completion.tokens.count)
  }
}

/// Why a prompt cannot be answered.
enum PromptProblem: Error, CustomStringConvertible {
  case empty
  case messagesWithRaw
  case notAPrompt

  var description: String {
    switch self {
    case .empty: "the prompt is empty, and the model has no token to begin a text with"
    case .messagesWithRaw: "messages need a chat template; leave out --raw, or give a prompt"
    case .notAPrompt: "not a JSON object with `prompt` or `messages`"
    }
  }
}

/// The text of an answer that a generator still writes, shared with whom prints it.
private final class GrowingText: Sendable {
  private struct State {
    var text: AnswerText
    var seen = 0
    var unread = ""
  }

  private let state: Mutex<State>

  init(_ text: AnswerText) { state = Mutex(State(text: text)) }

  /// Takes in what is new in `tokens`; true where a stop string has come.
  func take(_ tokens: [Int32]) -> Bool {
    state.withLock { state in
      for token in tokens[state.seen...] { state.unread += state.text.append(token) }
      state.seen = tokens.count
      return state.text.isStopped
    }
  }

  /// What has come since the last call.
  func news() -> String {
    state.withLock { state in
      defer { state.unread = "" }
      return state.unread
    }
  }

  /// What was held back, once no more will come.
  func rest() -> String { state.withLock { $0.text.finish() } }
}
