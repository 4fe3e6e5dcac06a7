internal import Corpus
internal import Foundation
internal import Tokenization
internal import Training
internal import Transformer

/// Answers held-back prompts with a model in training: the same prompts and the same draws each time.
struct AnswerProbe: AnswerSampling {
  let identity: String
  private let requests: [GenerationRequest]
  private let writing: Writing
  private let repetitionLimit: Double

  /// - Parameter prompts: those that are answered, of which the first `policy.eval_prompts` count.
  /// - Returns: nil where settings or lack of prompts leave nothing to look at.
  init?(settings: RunSettings, chat: ChatModel, prompts: [[ChatMessage]]) throws {
    guard settings.policy.evalSteps > 0, !prompts.isEmpty else { return nil }
    requests = try prompts.prefix(settings.policy.evalPrompts).enumerated().map { place, turns in
      GenerationRequest(key: UInt64(place), prompt: try chat.prompt(turns))
    }
    writing = try RecipeStages(settings: settings, iteration: 0).writing(chat, "look")
    repetitionLimit = settings.repetitionLimit
    var random = CounterRandom(
      seed: UInt64(requests.count),
      stream: requests.flatMap { $0.prompt.map { UInt64(bitPattern: Int64($0)) } })
    identity = "\(random.next())/\(writing.sampling)/\(repetitionLimit)"
  }

  func sample(_ model: LanguageModel, _ adapter: Adapter?) -> SampledAnswers {
    var writing = writing
    writing.chat.model = model
    writing.chat.adapter = adapter
    var generator = writing.generator()
    let written = generator.answers(to: requests)
    func share(_ isCounted: (Completion) -> Bool) -> Double {
      Double(written.count(where: isCounted)) / Double(written.count)
    }
    return SampledAnswers(
      answers: written.count,
      length: Double(written.reduce(0) { $0 + $1.tokens.count }) / Double(written.count),
      repetitive: share { completion in
        let text = writing.chat.text(completion.tokens, stops: writing.stops)
        return Repetition.share(of: text) > repetitionLimit
      },
      ended: share { $0.finish == .end || $0.finish == .stop })
  }
}
