import Tensor
import Testing
import Transformer

struct GeneratorTests {
  private let model: LanguageModel
  private let fixture: Fixture

  init() throws {
    fixture = try Fixture("qwen3", encoding: .int8)
    model = fixture.model
  }

  private func generator(
    slots: Int = 4, capacity: Int = 40, tokens: Int = 100, order: DeliveryOrder = .asRequested,
    end: Set<Int32> = [], isStopped: (@Sendable ([Int32]) -> Bool)? = nil
  ) -> Generator {
    Generator(
      model: model, settings: SamplingSettings(temperature: 1.5, maximumTokens: tokens, seed: 3),
      endTokens: end, slots: slots, capacity: capacity, order: order, isStopped: isStopped)
  }

  private func request(_ key: UInt64, prompt count: Int, sample: Int = 0) -> GenerationRequest {
    GenerationRequest(
      key: key, sample: sample, prompt: (0..<count).map { Int32(Int(key) + $0 * 3) % 30 })
  }

  @Test(arguments: [DeliveryOrder.asRequested, .asFinished])
  func `completions come in the order that was asked for`(order: DeliveryOrder) {
    // The longer a prompt, the sooner its text is full.
    let requests = [3, 38, 20, 40, 30].enumerated().map { request(UInt64($0), prompt: $1) }
    var generator = generator(slots: 5, order: order)
    let found = generator.answers(to: requests)
    #expect(
      found.map(\.request.key) == (order == .asRequested ? [0, 1, 2, 3, 4] : [3, 1, 4, 2, 0]))
    for completion in found {
      let isTooLong = completion.request.prompt.count == 40
      #expect(completion.finish == (isTooLong ? .promptTooLong : .length))
      #expect(completion.tokens.count == 40 - completion.request.prompt.count)
    }
    #expect(generator.isIdle)
  }

  @Test func `samples of a prompt differ, and each is what it is alone`() {
    let requests = (0..<6).map { request(1, prompt: 21, sample: $0) }
    var together = generator()
    let found = together.answers(to: requests).map(\.tokens)
    #expect(Set(found).count == 6)
    for (request, tokens) in zip(requests, found) {
      var alone = generator(slots: 1)
      #expect(alone.answers(to: [request])[0].tokens == tokens)
    }
  }

  @Test func `an answer ends at an end token, at a stop, or at the limit`() {
    var free = generator(tokens: 12)
    let whole = free.answers(to: [request(1, prompt: 4)])[0]
    #expect(whole.finish == .length && whole.tokens.count == 12)
    let place = whole.tokens.firstIndex { $0 != whole.tokens[0] } ?? 0
    let token = whole.tokens[place]

    var ending = generator(tokens: 12, end: [token])
    let ended = ending.answers(to: [request(1, prompt: 4)])[0]
    #expect(ended.finish == .end && ended.tokens == Array(whole.tokens[..<place]))

    var stopping = generator(tokens: 12) { $0.last == token }
    let stopped = stopping.answers(to: [request(1, prompt: 4)])[0]
    #expect(stopped.finish == .stop && stopped.tokens == Array(whole.tokens[...place]))
  }

  @Test func `a smaller cache takes as much less as its numbers do`() {
    let bytes = [KeyValueCache.Precision.float32, .float16, .int8].map {
      Generator.bytesPerSlot(model: model, capacity: 64, precision: $0)
    }
    #expect(bytes[0] == 2 * bytes[1])
    // A byte for each number, and four for every 32 of them.
    #expect(Double(bytes[2]) / Double(bytes[1]) == 0.5 * (1 + 4.0 / Double(min(32, headSize))))
  }

  private var headSize: Int { model.shape.headSize }
}
