internal import Synchronization
internal import Tensor

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

/// Continues many prompts at once.
///
/// A finished sequence's place is filled at once by the next prompt; prompts are read in pieces
/// between the decoding of others. Completions come out in the order of their requests. What is
/// written for a request does not depend on what else is running.
public struct Generator {
  private let model: LanguageModel
  private let adapter: Adapter?
  private let sampler: Sampler
  private let endTokens: Set<Int32>
  /// Says whether an answer so far holds a stop string.
  private let isStopped: (@Sendable ([Int32]) -> Bool)?
  private let cache: KeyValueCache
  private let capacity: Int
  private var slots: [Sequence?]
  private var order = InOrder<Completion>()

  /// Rows that one step may hold, decoding and prompts together.
  private static let rowsPerStep = 256

  /// - Parameters:
  ///   - slots: how many sequences are under way at most.
  ///   - capacity: the longest sequence, prompt and answer, in tokens.
  public init(
    model: LanguageModel, adapter: Adapter? = nil, settings: SamplingSettings,
    endTokens: Set<Int32>, slots: Int, capacity: Int,
    isStopped: (@Sendable ([Int32]) -> Bool)? = nil
  ) {
    precondition(slots > 0 && capacity > 1, "a generator needs room for a sequence")
    self.model = model
    self.adapter = adapter
    sampler = Sampler(settings)
    self.endTokens = endTokens
    self.isStopped = isStopped
    self.capacity = min(capacity, model.contextLimit)
    cache = model.makeCache(slots: slots, capacity: self.capacity)
    self.slots = Array(repeating: nil, count: slots)
  }

  /// Bytes of cache that one slot takes.
  public static func bytesPerSlot(model: LanguageModel, capacity: Int) -> Int {
    2 * 4 * model.shape.layers * model.shape.keyValueWidth * min(capacity, model.contextLimit)
  }

  /// Whether another request may be added now.
  public var hasRoom: Bool { slots.contains { $0 == nil } }

  /// Whether nothing is under way; every completion has then been given out.
  public var isIdle: Bool { slots.allSatisfy { $0 == nil } && order.isEmpty }

  /// Whether a prompt is not read to its end yet.
  var isReading: Bool { slots.contains { $0.map { $0.tokens.isEmpty } ?? false } }

  /// Tokens that the sequences under way have written so far.
  var tokensUnderWay: Int { slots.reduce(0) { $0 + ($1?.tokens.count ?? 0) } }

  /// Starts on a prompt.
  ///
  /// - Precondition: ``hasRoom``.
  public mutating func add(_ request: GenerationRequest) {
    guard let slot = slots.firstIndex(where: { $0 == nil }) else {
      preconditionFailure("a generator without room was given a prompt")
    }
    let ticket = order.ticket()
    guard !request.prompt.isEmpty, request.prompt.count < capacity else {
      order.put(Completion(request: request, tokens: [], finish: .promptTooLong), at: ticket)
      return
    }
    slots[slot] = Sequence(request: request, ticket: ticket)
  }

  /// Computes one step for everything under way.
  ///
  /// - Returns: the completions whose turn has come, in the order of their requests.
  public mutating func step() -> [Completion] {
    if !slots.allSatisfy({ $0 == nil }) { computeStep() }
    return order.drain()
  }

  /// Answers all requests, in order.
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
    let (rows, ends) = gatherRows()
    let hidden = model.decode(rows, cache: cache, adapter: adapter)
    let asked = Matrix(rows: ends.count, columns: hidden.columns)
    for (index, end) in ends.enumerated() {
      asked.copyRows(end.row..<end.row + 1, of: hidden, to: index)
    }
    guard !ends.isEmpty else { return }
    for (end, token) in zip(ends, choose(model.logits(asked), for: ends)) {
      advance(end.slot, with: token)
    }
  }

  /// The rows of the next step, and for which of them the next token is wanted.
  private mutating func gatherRows() -> (rows: DecodingRows, ends: [(slot: Int, row: Int)]) {
    var rows = DecodingRows()
    var ends: [(slot: Int, row: Int)] = []
    let decodingFirst = slots.indices.sorted { rank(of: $0) < rank(of: $1) }
    for slot in decodingFirst {
      guard var sequence = slots[slot] else { continue }
      let room = max(Self.rowsPerStep - rows.ids.count, ends.isEmpty ? 1 : 0)
      let piece = sequence.takeUnread(atMost: room)
      for (offset, id) in piece.ids.enumerated() {
        rows.append(id, slot: slot, position: piece.start + offset)
      }
      if sequence.isRead, !piece.ids.isEmpty { ends.append((slot, rows.ids.count - 1)) }
      slots[slot] = sequence
    }
    return (rows, ends)
  }

  /// Decoding sequences come before those that still read their prompt; both by age.
  private func rank(of slot: Int) -> Int {
    guard let sequence = slots[slot] else { return .max }
    return sequence.tokens.isEmpty ? sequence.ticket + Int.max / 2 : sequence.ticket
  }

  private func choose(_ logits: Matrix, for ends: [(slot: Int, row: Int)]) -> [Int32] {
    let sequences = ends.map { slots[$0.slot] }
    let sampler = sampler
    let choices = Mutex([Int32](repeating: 0, count: ends.count))
    model.workers.run(ends.count) { index in
      guard let sequence = sequences[index] else { return }
      var random = CounterRandom(
        seed: sampler.settings.seed,
        stream: "\(sampler.settings.stage)/\(sequence.request.key)/\(sequence.request.sample)",
        counter: UInt64(sequence.tokens.count))
      let token = sampler.choose(
        logits.row(index), seen: sequence.request.prompt + sequence.tokens,
        uniform: random.uniform())
      choices.withLock { $0[index] = token }
    }
    return choices.withLock { $0 }
  }

  private mutating func advance(_ slot: Int, with token: Int32) {
    guard var sequence = slots[slot] else { return }
    let finish = finish(of: &sequence, with: token)
    slots[slot] = finish == nil ? sequence : nil
    guard let finish else { return }
    order.put(
      Completion(request: sequence.request, tokens: sequence.tokens, finish: finish),
      at: sequence.ticket)
  }

  /// Adds the token and says whether, and why, the sequence ends with it.
  private func finish(of sequence: inout Sequence, with token: Int32) -> Completion.Finish? {
    if endTokens.contains(token) { return .end }
    sequence.tokens.append(token)
    if let isStopped, isStopped(sequence.tokens) { return .stop }
    let isFull = sequence.request.prompt.count + sequence.tokens.count >= capacity
    return isFull || sequence.tokens.count >= sampler.settings.maximumTokens ? .length : nil
  }

  /// A sequence under way.
  private struct Sequence {
    let request: GenerationRequest
    let ticket: Int
    var tokens: [Int32] = []
    /// How many tokens of prompt and answer the cache already holds.
    var read = 0

    var isRead: Bool { read == request.prompt.count + tokens.count }

    mutating func takeUnread(atMost limit: Int) -> (start: Int, ids: ArraySlice<Int32>) {
      let start = read
      let isPrompt = read < request.prompt.count
      let source = isPrompt ? request.prompt[read...] : tokens[(read - request.prompt.count)...]
      let ids = source.prefix(limit)
      read += ids.count
      return (start, ids)
    }
  }
}

/// Gives out what was finished in any order in the order in which tickets were drawn.
struct InOrder<Element> {
  private var drawn = 0
  private var given = 0
  private var waiting: [Int: Element] = [:]

  mutating func ticket() -> Int {
    drawn += 1
    return drawn - 1
  }

  mutating func put(_ element: Element, at ticket: Int) { waiting[ticket] = element }

  /// Whether everything that was put in has been given out.
  var isEmpty: Bool { drawn == given }

  mutating func drain() -> [Element] {
    var ready: [Element] = []
    while let element = waiting.removeValue(forKey: given) {
      given += 1
      ready.append(element)
    }
    return ready
  }
}
