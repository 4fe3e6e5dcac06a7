/// How fast a model reads and writes here. Texts are random tokens, and nothing ends a text early.
public struct EngineBenchmark {
  private let model: LanguageModel
  private let adapter: Adapter?
  private let settings: SamplingSettings
  private let cache: CacheSettings
  private let watch: () -> Void

  /// - Parameters:
  ///   - settings: how tokens are chosen; choosing is part of what is measured.
  ///   - watch: called after each step.
  public init(
    model: LanguageModel, adapter: Adapter? = nil,
    settings: SamplingSettings = SamplingSettings(),
    cache: CacheSettings = CacheSettings(), watch: @escaping () -> Void = {}
  ) {
    self.model = model
    self.adapter = adapter
    self.settings = settings
    self.cache = cache
    self.watch = watch
  }

  /// Tokens a second at which one prompt of `tokens` tokens is read, its first token chosen.
  public func prefill(tokens: Int) -> Double {
    var generator = generator(slots: 1, capacity: tokens + 1, answer: 1)
    return Double(tokens) / seconds { finish(&generator, [request(0, tokens: tokens)]) }
  }

  /// Tokens a second of `sequences` that write at once, each after a prompt of its own; reading the
  /// prompts is not counted.
  public func decode(sequences: Int, prompt: Int, tokens: Int) -> Double {
    var generator = generator(slots: sequences, capacity: prompt + tokens + 1, answer: tokens + 1)
    for index in 0..<sequences { generator.add(request(index, tokens: prompt)) }
    while generator.isReading { step(&generator) }
    let written = generator.tokensUnderWay
    let time = seconds { finish(&generator, []) }
    return Double(sequences * (tokens + 1) - written) / time
  }

  /// Written tokens a second of a whole job, reading included: prompts of 16 to 255 tokens, each
  /// answered with `tokens` tokens.
  public func job(prompts: Int, tokens: Int, slots: Int) -> Double {
    var generator = generator(slots: slots, capacity: 256 + tokens, answer: tokens)
    let requests = (0..<prompts).map { request($0, tokens: Self.jobPrompt($0)) }
    return Double(prompts * tokens) / seconds { finish(&generator, requests) }
  }

  /// The length of a job's prompt: 16...255, evenly mixed.
  static func jobPrompt(_ index: Int) -> Int { 16 + index * 97 % 240 }

  private func generator(slots: Int, capacity: Int, answer: Int) -> Generator {
    var settings = settings
    settings.maximumTokens = answer
    return Generator(
      model: model, adapter: adapter, settings: settings, endTokens: [], slots: slots,
      capacity: capacity,
      cache: cache)
  }

  /// Answers what is under way, and all requests.
  private func finish(_ generator: inout Generator, _ requests: [GenerationRequest]) {
    var waiting = requests[...]
    while !waiting.isEmpty || !generator.isIdle {
      while generator.hasRoom, let request = waiting.popFirst() { generator.add(request) }
      step(&generator)
    }
  }

  private func step(_ generator: inout Generator) {
    _ = generator.step()
    watch()
  }

  private func request(_ index: Int, tokens: Int) -> GenerationRequest {
    var random = CounterRandom(seed: 1, stream: "benchmark/\(index)")
    let ids = (0..<tokens).map { _ in Int32(random.next() % UInt64(model.shape.vocabulary)) }
    return GenerationRequest(key: UInt64(index), prompt: ids)
  }

  private func seconds(_ work: () -> Void) -> Double {
    ContinuousClock().measure(work) / .seconds(1)
  }
}
