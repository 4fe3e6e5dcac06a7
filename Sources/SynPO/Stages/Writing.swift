internal import Bytes
internal import Corpus
internal import Pipeline
internal import RecordLog
internal import Tensor
internal import Tokenization
internal import Transformer

/// A model that writes in a stage: how it is asked, how it draws, how much it may hold.
struct Writing: Sendable {
  var chat: ChatModel
  var sampling: SamplingSettings
  /// Sequences under way at once, and the longest of them in tokens.
  let slots: Int
  let capacity: Int
  let cache: KeyValueCache.Precision
  /// Texts that end an answer and are no part of it, and such as end it and are part of it.
  let stops: [String]
  var closings: [String] = []
  /// Which of several answers to the same element is written.
  var sample = 0

  /// What was written to one element of the input.
  struct Written: Sendable {
    let text: String
    let finish: Completion.Finish
  }

  /// Lets the model write to every element of `source`, in order; what it cannot be asked is put
  /// aside. At a barrier it writes to the end before it begins with what is behind.
  ///
  /// - Parameters:
  ///   - ask: the prompt's tokens for an element.
  ///   - make: a record of what was written.
  func run<Input: CorpusRecord, Output: CorpusRecord>(
    stage: String, _ source: Channel<StageInput<Input>>,
    into out: Channel<Numbered<StageProduct<Output>>>,
    ask: (Input) throws -> [Int32],
    make: (Input, Written) -> StageProduct<Output>
  ) async throws {
    var generator = generator()
    var underWay: [Asked<Input>] = []
    var barrier: Barrier?
    var isOver = false
    while !isOver || !generator.isIdle {
      while generator.hasRoom, !isOver, barrier == nil {
        switch try await source.next() {
        case .element(let next):
          let asked = Asked(next, ask: ask)
          underWay.append(asked)
          generator.add(
            GenerationRequest(key: key(of: next.element), sample: sample, prompt: asked.prompt))
        case .barrier(let next): barrier = next
        case nil: isOver = true
        }
      }
      if generator.isIdle, let reached = barrier.take() { try await out.send(.barrier(reached)) }
      try Task.checkCancellation()
      for completion in generator.step() {
        let asked = underWay.removeFirst()
        let product = product(asked, completion, stage, make)
        try await out.send(Numbered(cursor: asked.input.cursor, element: product))
      }
    }
  }

  /// What the writing is done with.
  func generator(order: DeliveryOrder = .asRequested) -> Generator {
    Generator(
      model: chat.model, adapter: chat.adapter, settings: sampling, endTokens: chat.endTokens,
      slots: slots, capacity: capacity, cache: CacheSettings(precision: cache), order: order,
      isStopped: StopStrings(stops + closings, tokenizer: chat.tokenizer)?.end)
  }

  /// An element with its prompt, or with the reason why there is none; the prompt is empty then.
  private struct Asked<Input: CorpusRecord> {
    let input: Numbered<Input>
    var prompt: [Int32] = []
    var problem: String?

    init(_ input: Numbered<Input>, ask: (Input) throws -> [Int32]) {
      self.input = input
      do { prompt = try ask(input.element) } catch { problem = "\(error)" }
    }
  }

  private func product<Input: CorpusRecord, Output: CorpusRecord>(
    _ asked: Asked<Input>, _ completion: Completion, _ stage: String,
    _ make: (Input, Written) -> StageProduct<Output>
  ) -> StageProduct<Output> {
    let input = asked.input.element
    func aside(_ reason: String, _ detail: String) -> StageProduct<Output> {
      .aside(
        QuarantinedRecord(
          stage: stage, reason: reason, detail: detail, origin: Origin(parents: [input.id])))
    }
    if let problem = asked.problem { return aside("no_prompt", problem) }
    guard completion.finish != .promptTooLong else {
      return aside(
        Completion.Finish.promptTooLong.rawValue,
        "\(completion.request.prompt.count) tokens of at most \(capacity)")
    }
    let text = chat.text(completion.tokens, stops: stops)
    return make(input, Written(text: text, finish: completion.finish))
  }

  /// Record ids are 16 hexadecimal digits.
  func key(of record: some CorpusRecord) -> UInt64 { UInt64(record.id, radix: 16) ?? 0 }
}
