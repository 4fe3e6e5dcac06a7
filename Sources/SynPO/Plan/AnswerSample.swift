internal import Corpus
internal import Foundation
internal import Transformer

/// The initial model's answers to some of the seeds, drawn as a run draws them.
struct AnswerSample {
  /// Seeds with the words of their answers; none whose answer was broken off.
  private(set) var answered: [(seed: Seed, text: String)] = []
  /// Tokens of prompts, and of answers with their end tokens, in the order of the answers' ends.
  private(set) var prompts: [Int] = []
  private(set) var answers: [Int] = []
  private(set) var seconds = 0.0
  /// Whether every answer was written to its end.
  private(set) var isWhole = true

  /// Answers seeds for `patience` seconds, but no fewer than go at once; after three times that
  /// long what is under way is broken off.
  init(_ seeds: [Seed], by writing: Writing, patience: Double) throws {
    var generator = writing.generator(order: .asFinished)
    var underWay: [UInt64: Begun] = [:]
    var next = 0
    var step = 0
    let start = Date()
    while next < seeds.count || !generator.isIdle {
      seconds = Date().timeIntervalSince(start)
      let goesOn = next < writing.slots || seconds < patience
      while goesOn, generator.hasRoom, next < seeds.count {
        let begun = Begun(
          seed: seeds[next], prompt: try writing.chat.prompt(seeds[next].chat), step: step)
        let key = writing.key(of: begun.seed)
        underWay[key] = begun
        generator.add(GenerationRequest(key: key, prompt: begun.prompt))
        next += 1
      }
      guard !generator.isIdle, seconds < 3 * patience else { break }
      for completion in generator.step() {
        guard let begun = underWay.removeValue(forKey: completion.request.key) else { continue }
        take(completion, begun, writing)
      }
      step += 1
    }
    seconds = Date().timeIntervalSince(start)
    isWhole = underWay.isEmpty
    complete(underWay.values.map { step - $0.step }, limit: writing.sampling.maximumTokens)
  }

  private struct Begun {
    let seed: Seed
    let prompt: [Int32]
    /// When it was begun.
    let step: Int
  }

  private mutating func take(_ completion: Completion, _ begun: Begun, _ writing: Writing) {
    guard completion.finish != .promptTooLong else { return }
    prompts.append(begun.prompt.count)
    answers.append(completion.tokens.count + (completion.finish == .end ? 1 : 0))
    answered.append((begun.seed, writing.chat.text(completion.tokens, stops: writing.stops)))
  }

  /// Answers that were broken off count as long as they can be expected to get: their tokens so far,
  /// and as many more as it takes on average until one ends.
  private mutating func complete(_ broken: [Int], limit: Int) {
    let ended = answers.count { $0 < limit }
    let written = (answers + broken).reduce(0, +)
    let further = ended == 0 ? limit : written / ended
    answers += broken.map { min(limit, $0 + further) }
  }
}
