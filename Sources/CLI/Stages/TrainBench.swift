import ArgumentParser
import Bytes
import Foundation
import ModelFile
import Tensor
import Training
import Transformer

struct TrainBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measures SimPO steps on random pairs, with LoRA on every linear.",
    discussion: """
      Tokens are counted as programs do that compute a prompt once for each of its two answers. \
      tools/bench-training compares with PyTorch.
      """)

  @Argument(help: "A packed model.", completion: .file()) var model: String
  @Option(help: "Pairs a step.") var pairs = 2
  @Option(help: "Tokens of a prompt.") var promptTokens = 128
  @Option(help: "Tokens of an answer.") var answerTokens = 128
  @Option(help: "Steps; the fastest counts.") var steps = 3
  @Option(help: "Rank of the adapter.") var loraR = 16
  @Option(help: "Threads; all cores if not given.") var threads: Int?
  @Option(help: "float, or int8 both ways.") var forward = BenchArithmetic.int8
  @Option(help: "Memory for activations, such as 256MiB; layers beyond it are computed twice.")
  var activations: String?
  @Flag(help: "One JSON object.") var json = false

  enum BenchArithmetic: String, ExpressibleByArgument, CaseIterable {
    case float, int8
  }

  func validate() throws {
    for (name, value) in [
      ("--pairs", pairs), ("--prompt-tokens", promptTokens), ("--answer-tokens", answerTokens),
      ("--steps", steps), ("--lora-r", loraR), ("--threads", threads ?? 1),
    ] where !(1...(1 << 16)).contains(value) {
      throw ValidationError("\(name) must be from 1 to 65536.")
    }
    guard activations.map({ ByteCount(parsing: $0) != nil }) ?? true else {
      throw ValidationError("--activations must be an amount such as 256MiB.")
    }
  }

  func run() throws {
    try checkReadable(model)
    let workers = threads.map { Workers(threads: $0) } ?? .shared
    let language = try LanguageModel(file: PackedModelFile(path: model), workers: workers)
    guard promptTokens + answerTokens <= language.contextLimit else {
      throw ValidationError(
        "--prompt-tokens and --answer-tokens are more together than the \(language.contextLimit) "
          + "tokens that \(model) can read.")
    }
    let peak = MemoryPeak()
    let result = try benchmark.run(language)
    let facts = TrainBenchFacts(
      result, model: model, pairs: pairs, threads: workers.threads, own: peak.own)
    try json ? Results.write(json: facts) : Results.write(facts.text)
  }

  private var benchmark: TrainingBenchmark {
    var benchmark = TrainingBenchmark()
    benchmark.pairs = pairs
    benchmark.promptTokens = promptTokens
    benchmark.answerTokens = answerTokens
    benchmark.steps = steps
    benchmark.rank = loraR
    benchmark.arithmetic = forward == .int8 ? .int8 : .float
    if let memory = activations.flatMap(ByteCount.init(parsing:)) {
      benchmark.activations = .upTo(memory)
    }
    return benchmark
  }
}

/// What came out.
struct TrainBenchFacts: Encodable {
  let model: String
  let pairs: Int
  let threads: Int
  let kernels: String
  let floatProducts: String
  let tokens: Int
  /// Of the fastest step.
  let seconds: Double
  let processorSeconds: Double
  let tokensPerSecond: Double
  let peakOwnBytes: Int
  let losses: [Double]

  init(
    _ result: TrainingBenchmark.Result, model: String, pairs: Int, threads: Int, own: ByteCount
  ) {
    self.model = model
    self.pairs = pairs
    self.threads = threads
    kernels = KernelPath.selected.description
    floatProducts = FloatProduct.coreName
    tokens = result.tokens
    seconds = result.wallSeconds.min() ?? .infinity
    processorSeconds = result.processorSeconds.min() ?? .infinity
    tokensPerSecond = Double(tokens) / seconds
    peakOwnBytes = own.bytes
    losses = result.losses
  }

  var text: String {
    """
    \(model)
      pairs a step       \(pairs)
      tokens/s           \(decimal(tokensPerSecond))
      step               \(fixed(seconds, decimals: 2)) s, \
    \(fixed(processorSeconds, decimals: 2)) s of \(threads) threads together
      own memory         \(ByteCount(peakOwnBytes)) at most
      computed with      \(kernels), OpenBLAS \(floatProducts)

    """
  }
}
