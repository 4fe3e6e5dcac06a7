internal import Foundation
internal import Tensor
internal import Training
internal import Transformer

extension PlanBench {
  /// How fast the model reads and writes at the run's settings, in agreement with the sample.
  func writingRates(_ writing: Writing, _ sample: AnswerSample) -> WritingRates {
    let prompts = prompts(for: writing)
    let context = context(sample, writing)
    let numbers = [1, writing.slots / 4, writing.slots].filter { $0 > 0 }
    let rates = WritingRates(
      reading: reading(prompts, by: writing),
      steps: Set(numbers).sorted().map { step(of: $0, context: context, by: writing) })
    guard sample.isWhole, sample.seconds > 0 else { return rates }
    let load = WritingLoad(
      items: sample.prompts.count, prompts: sample.prompts, answers: sample.answers)
    let expected = rates.seconds(load, slots: writing.slots)
    return expected > 0 ? rates.scaled(by: sample.seconds / expected) : rates
  }

  /// The same with an adapter, where one is trained: slower by what reading and a step are.
  func adaptedRates(
    _ writing: Writing, _ plain: WritingRates, _ sample: AnswerSample
  ) -> WritingRates {
    let learning = [settings.policy.learning, settings.generator, settings.improver]
    guard let lora = learning.first(where: { $0.method == .lora }) else { return plain }
    var adapted = writing
    adapted.chat.adapter = Adapter(
      shape: chat.model.shape, targets: LinearName.allCases, rank: lora.loraR,
      alpha: lora.loraAlpha, isRankStabilised: lora.useRslora, seed: settings.seed)
    let prompts = prompts(for: writing)
    let context = context(sample, writing)
    // Side by side, so that both see the machine in the same state. A quarter of the sequences tells
    // as much as all of them would.
    let some = max(writing.slots / 4, 1)
    let reading = self.reading(prompts, by: adapted) / self.reading(prompts, by: writing)
    let steps =
      step(of: some, context: context, by: adapted).seconds
      / step(of: some, context: context, by: writing).seconds
    var rates = plain.scaled(by: max(steps, 1))
    rates.reading = plain.reading * max(reading, 1)
    return rates
  }

  private func prompts(for writing: Writing) -> [[Int32]] {
    sources.seeds.prefix(writing.slots).compactMap { try? chat.prompt($0.chat) }
      .filter { $0.count < writing.capacity }
  }

  /// What a sequence holds half-way through its answer.
  private func context(_ sample: AnswerSample, _ writing: Writing) -> Int {
    func mean(_ lengths: [Int]) -> Int { lengths.reduce(0, +) / max(lengths.count, 1) }
    let half = mean(sample.prompts) + mean(sample.answers) / 2
    return min(max(half, 1), writing.capacity - Self.stepsWritten - 2)
  }

  /// Steps that are measured together; the shortest context allows for them.
  private static let stepsWritten = 8

  private func step(of sequences: Int, context: Int, by writing: Writing) -> WritingRates.Step {
    let benchmark = EngineBenchmark(
      model: writing.chat.model, adapter: writing.chat.adapter, settings: writing.sampling,
      cache: CacheSettings(precision: writing.cache))
    let seconds = mean {
      let rate = benchmark.decode(
        sequences: sequences, prompt: context, tokens: Self.stepsWritten)
      return Double(sequences) / rate
    }
    return WritingRates.Step(sequences: sequences, seconds: seconds)
  }

  /// The mean of what `measure` says, asked again until it has taken long enough that chance does
  /// not show.
  private func mean(_ measure: () -> Double) -> Double {
    let start = Date()
    var (sum, count) = (0.0, 0)
    repeat {
      sum += measure()
      count += 1
    } while Date().timeIntervalSince(start) < 0.4
    return sum / Double(count)
  }

  /// Seconds a token of prompts that are read together.
  private func reading(_ prompts: [[Int32]], by writing: Writing) -> Double {
    var writing = writing
    writing.sampling.maximumTokens = 1
    let requests = prompts.enumerated().map {
      GenerationRequest(key: UInt64($0.offset), prompt: $0.element)
    }
    let tokens = prompts.reduce(0) { $0 + $1.count }
    return mean {
      var generator = writing.generator()
      let start = Date()
      _ = generator.answers(to: requests)
      return Date().timeIntervalSince(start) / Double(max(tokens, 1))
    }
  }
}
