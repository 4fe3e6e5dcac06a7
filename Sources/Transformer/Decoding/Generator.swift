public import Bytes
internal import Synchronization
public import Tensor

/// A prompt to be continued.
public struct GenerationRequest: Sendable {
  /// Identifies the record: with the settings' seed and stage it fixes the answer.
  public let key: UInt64
  /// Which of several answers to the same prompt this is.
  public let sample: Int
  public let prompt: [Int32]

  public init(key: UInt64, sample: Int = 0, prompt: [Int32]) {
    self.key = key
    self.sample = sample
    self.prompt = prompt
  }
}

/// What a model answered.
public struct Completion: Sendable {
  public enum Finish: String, Sendable {
    /// The model wrote an end token.
    case end
    /// A stop string appeared.
    case stop
    /// The limit of tokens, or of the context, was reached.
    case length
    /// The prompt leaves no room for an answer; there are no tokens.
    case promptTooLong = "prompt_too_long"
  }

  public let request: GenerationRequest
  /// The answer without its end token.
  public var tokens: [Int32]
  public var finish: Finish
}

/// How a generator keeps what sequences have read.
public struct CacheSettings: Equatable, Sendable {
  public var precision: KeyValueCache.Precision
  /// What keys and values may take in memory; nil for room for every sequence at its longest. At
  /// least one sequence fits in any case.
  public var memory: ByteCount?
  /// Whether a beginning that several prompts have in common is computed once.
  public var sharesPrefixes: Bool

  public init(
    precision: KeyValueCache.Precision = .float16, memory: ByteCount? = nil,
    sharesPrefixes: Bool = true
  ) {
    self.precision = precision
    self.memory = memory
    self.sharesPrefixes = sharesPrefixes
  }
}

/// When completions come out.
public enum DeliveryOrder: Sendable {
  /// In the order of their requests.
  case asRequested
  /// Each in the step that finishes it.
  case asFinished
}

/// Continues many prompts at once.
///
/// A finished sequence's place is filled at once by the next prompt; prompts are read in pieces
/// between the decoding of others. What several prompts begin with is computed once, so that many
/// answers to one prompt share all but its last few tokens. What is written for a request does not
/// depend on what else is running, nor on how much memory there is.
public struct Generator {
  private let model: LanguageModel
  private let adapter: Adapter?
  private let sampler: Sampler
  private let endTokens: Set<Int32>
  /// Says whether an answer so far holds a stop string.
  private let isStopped: (@Sendable ([Int32]) -> Bool)?
  private let cache: KeyValueCache
  private let capacity: Int
  private var schedule: Schedule
  private var order: InOrder<Completion>

  /// - Parameters:
  ///   - slots: how many sequences are under way at most.
  ///   - capacity: the longest sequence, prompt and answer, in tokens.
  ///   - rowsPerStep: tokens that one step computes at most, beyond one for each sequence that
  ///     writes; longer prompts are read in pieces. It bounds the memory of a step.
  ///   - isStopped: whether an answer so far is at its end, for stop strings.
  public init(
    model: LanguageModel, adapter: Adapter? = nil, settings: SamplingSettings,
    endTokens: Set<Int32>, slots: Int, capacity: Int, cache: CacheSettings = CacheSettings(),
    rowsPerStep: Int = 256, order: DeliveryOrder = .asRequested,
    isStopped: (@Sendable ([Int32]) -> Bool)? = nil
  ) {
    precondition(
      slots > 0 && capacity > 1 && rowsPerStep > 0, "a generator needs room for a sequence")
    self.model = model
    self.adapter = adapter?.readyToRead()
    sampler = Sampler(settings)
    self.endTokens = endTokens
    self.isStopped = isStopped
    self.capacity = min(capacity, model.contextLimit)
    let longest = KeyValueCache.pages(for: self.capacity)
    let affordable = cache.memory.map { $0.bytes / model.bytesPerPage(cache.precision) }
    let pages = max(longest, min(slots * longest, affordable ?? .max))
    self.cache = model.makeCache(pages: pages, precision: cache.precision)
    schedule = Schedule(
      slots: slots, pages: pages, sharesPrefixes: cache.sharesPrefixes, rowsPerStep: rowsPerStep)
    self.order = InOrder(isPatient: order == .asRequested)
  }

  /// Bytes of cache that one slot takes at its longest.
  public static func bytesPerSlot(
    model: LanguageModel, capacity: Int, precision: KeyValueCache.Precision
  ) -> Int {
    KeyValueCache.pages(for: min(capacity, model.contextLimit)) * model.bytesPerPage(precision)
  }

  /// Whether another request may be added now.
  public var hasRoom: Bool { schedule.hasRoom }

  /// Whether nothing is under way; every completion has then been given out.
  public var isIdle: Bool { schedule.isEmpty && order.isEmpty }

  /// Whether a prompt is not read to its end yet.
  var isReading: Bool { schedule.slots.contains { $0?.tokens.isEmpty ?? false } }

  /// Tokens that the sequences under way have written so far.
  var tokensUnderWay: Int { schedule.slots.reduce(0) { $0 + ($1?.tokens.count ?? 0) } }

  /// Starts on a prompt.
  ///
  /// - Precondition: ``hasRoom``.
  public mutating func add(_ request: GenerationRequest) {
    precondition(hasRoom, "a generator without room was given a prompt")
    let ticket = order.ticket()
    guard !request.prompt.isEmpty, request.prompt.count < capacity else {
      order.put(Completion(request: request, tokens: [], finish: .promptTooLong), at: ticket)
      return
    }
    schedule.add(RunningSequence(request: request, ticket: ticket))
  }

  /// Computes one step for everything under way.
  ///
  /// - Returns: the completions whose turn has come.
  public mutating func step() -> [Completion] {
    if !schedule.isEmpty { computeStep() }
    return order.drain()
  }

  /// Answers all requests.
  public mutating func answers(to requests: [GenerationRequest]) -> [Completion] {
    var waiting = requests[...]
    var completions: [Completion] = []
    while !waiting.isEmpty || !isIdle {
      while hasRoom, let request = waiting.popFirst() { add(request) }
      completions += step()
    }
    return completions
  }

  /// One pass of the model over a row for each decoding sequence and pieces of waiting prompts.
  private mutating func computeStep() {
    let (rows, ends) = schedule.gather()
    let hidden = model.decode(rows, cache: cache, adapter: adapter, wanted: ends.map(\.row))
    schedule.finishStep()
    guard !ends.isEmpty else { return }
    for (end, token) in zip(ends, choose(model.logits(hidden), for: ends.map(\.slot))) {
      advance(end.slot, with: token)
    }
  }

  /// The next token of each of some sequences; row i of the logits is that of slots[i].
  private func choose(_ logits: Matrix, for slots: [Int]) -> [Int32] {
    let sequences = slots.map { schedule.slots[$0] }
    let sampler = sampler
    let choices = Mutex([Int32](repeating: 0, count: slots.count))
    model.workers.run(slots.count) { index in
      guard let sequence = sequences[index] else { return }
      let request = sequence.request
      var random = CounterRandom(
        seed: sampler.settings.seed,
        stream: "\(sampler.settings.stage)/\(request.key)/\(request.sample)",
        counter: UInt64(sequence.tokens.count))
      let token = sampler.choose(
        logits, row: index, seen: sampler.looksBack ? request.prompt + sequence.tokens : [],
        uniform: random.uniform())
      choices.withLock { $0[index] = token }
    }
    return choices.withLock { $0 }
  }

  private mutating func advance(_ slot: Int, with token: Int32) {
    if !endTokens.contains(token) { schedule.write(token, to: slot) }
    guard let sequence = schedule.slots[slot],
      let finish = finish(of: sequence, with: token)
    else { return }
    schedule.remove(slot)
    order.put(
      Completion(request: sequence.request, tokens: sequence.tokens, finish: finish),
      at: sequence.ticket)
  }

  /// Whether, and why, the sequence ends with its last token.
  private func finish(
    of sequence: RunningSequence, with token: Int32
  ) -> Completion.Finish? {
    if endTokens.contains(token) { return .end }
    if let isStopped, isStopped(sequence.tokens) { return .stop }
    let isFull = sequence.count >= capacity
    return isFull || sequence.tokens.count >= sampler.settings.maximumTokens ? .length : nil
  }
}
