internal import Bytes
internal import Foundation
public import Transformer

/// How fast a model learns: SimPO steps on random pairs, a LoRA adapter on every linear.
public struct TrainingBenchmark: Sendable {
  public var pairs = 2
  public var promptTokens = 128
  public var answerTokens = 128
  public var rank = 16
  public var steps = 3
  public var arithmetic = Arithmetic.int8
  public var activations = TrainingSettings(objective: .imitation, part: .everything).keeping

  public init() {}

  /// Seconds of each step, and what the losses were.
  public struct Result: Codable, Sendable {
    public var wallSeconds: [Double] = []
    /// Of all threads together.
    public var processorSeconds: [Double] = []
    public var losses: [Double] = []
    /// Tokens of a step as programs count them that compute a prompt once for each answer.
    public var tokens: Int
  }

  /// Takes `steps` steps with `model`.
  public func run(_ model: LanguageModel) throws(TrainingError) -> Result {
    var settings = TrainingSettings(
      objective: .preference(SimPO()),
      part: .adapter(targets: LinearName.allCases, rank: rank, alpha: Float(2 * rank)))
    settings.arithmetic = arithmetic
    settings.keeping = activations
    settings.batchSize = pairs
    settings.schedule = .constant
    settings.warmupRatio = 0
    let batch = examples(vocabulary: model.shape.vocabulary)
    var trainer = Trainer(base: model, settings: settings, examples: pairs * steps)
    var result = Result(tokens: pairs * 2 * (promptTokens + answerTokens))
    for _ in 0..<steps {
      let (start, used) = (ContinuousClock.now, processorSeconds())
      result.losses.append(try trainer.learn(batch).loss)
      let taken = (ContinuousClock.now - start).components
      result.wallSeconds.append(Double(taken.seconds) + Double(taken.attoseconds) * 1e-18)
      result.processorSeconds.append(processorSeconds() - used)
    }
    return result
  }

  private func examples(vocabulary: Int) -> [TrainingExample] {
    var random = CounterRandom(seed: 0, stream: "training benchmark")
    func tokens(_ count: Int) -> [Int32] {
      (0..<count).map { _ in Int32.random(in: 0..<Int32(vocabulary), using: &random) }
    }
    return (0..<pairs).map { _ in
      TrainingExample(
        prompt: tokens(promptTokens), chosen: tokens(answerTokens), rejected: tokens(answerTokens))
    }
  }

  private func processorSeconds() -> Double {
    var usage = rusage()
    guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }
}
