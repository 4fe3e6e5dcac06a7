import ArgumentParser
import Bytes
import ModelFile
import Tensor
import Transformer

struct ModelBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "How fast the engine is here: kernels beside the CPU's peak, and a model.",
    discussion: """
      Without a model only the kernels are measured: each one's rate, and what share that is of the \
      peak of dot products, of float multiply-adds, or of memory bandwidth, which are measured, too. \
      With a model: the time from opening its file to its first token, the process's own memory \
      then, tokens a second of reading one prompt, of writing many answers at once, and of a whole \
      job (--job). Prompts are random tokens; figures are medians of --rounds. \
      SYNPO_THREADS sets the number of threads. tools/bench-engine adds other programs.
      """)

  @Argument(
    help: "embedded, a packed model, a GGUF file or a Hugging Face folder.", completion: .file())
  var model: String?

  @Option(help: "Read one prompt of this many tokens; 0 leaves it out.") var prefill = 512
  @Option(parsing: .upToNextOption, help: "Sequences that write at once; 0 leaves it out.")
  var decode = [1, 8, 32, 128]
  @Option(help: "Each of them after a prompt of this many tokens …") var promptTokens = 128
  @Option(help: "… and until each has written this many.") var tokens = 64
  @Option(help: "Answer this many prompts of 16 to 255 tokens with 128 tokens each.") var job = 0
  @Option(help: "Sequences under way at once in the job.") var parallelSequences = 64
  @OptionGroup var cache: CacheOptions
  @Option(help: "How often each figure is measured.") var rounds = 3
  @Flag(help: "Leave out the kernels.") var skipKernels = false
  @Flag(help: "One JSON object.") var json = false

  func validate() throws {
    let counts = decode + [prefill, job]
    guard counts.allSatisfy({ (0...1 << 20).contains($0) }), (1...1000).contains(rounds) else {
      throw ValidationError("Numbers must not be negative, and --rounds at least 1.")
    }
    guard promptTokens > 0, tokens > 0, (1...4096).contains(parallelSequences) else {
      throw ValidationError(
        "--prompt-tokens and --tokens must be at least 1, --parallel-sequences from 1 to 4096.")
    }
  }

  func run() throws {
    var facts = BenchFacts(machine: MachineFacts())
    // Before anything else takes memory.
    let loading = try model.map { try LoadFacts(opening: $0, rounds: rounds) }
    if !skipKernels {
      Console.standard.note("measuring kernels")
      facts.kernels = KernelFacts(KernelRates(on: .shared))
    }
    if let model, let loading { facts.model = try figures(of: model, loading) }
    try tell(facts, json: json)
  }

  private func figures(of path: String, _ loading: LoadFacts) throws -> EngineFacts {
    let model = try LanguageModel(file: PackedModels.find(path))
    let peak = PeakMemory()
    let benchmark = EngineBenchmark(
      model: model, cache: CacheSettings(precision: cache.precision)
    ) { peak.look() }
    var figures: [EngineFacts.Figure] = []
    for figure in wanted(benchmark, limit: model.contextLimit) {
      Console.standard.note("measuring \(figure.name)")
      let rates = (0..<rounds).map { _ in figure.measure() }
      figures.append(EngineFacts.Figure(name: figure.name, rounds: rates))
    }
    return EngineFacts(
      model: path, parameters: model.parameterCount, cache: cache.precision.rawValue,
      loading: loading, figures: figures, peakOwnBytes: peak.bytes)
  }

  private struct Wanted {
    let name: String
    let measure: () -> Double
  }

  /// What was asked for, as far as the model's context goes.
  private func wanted(_ benchmark: EngineBenchmark, limit: Int) -> [Wanted] {
    var list: [Wanted] = []
    if prefill > 0, prefill < limit {
      list.append(Wanted(name: "prefill \(prefill)") { benchmark.prefill(tokens: prefill) })
    }
    for sequences in decode where sequences > 0 && promptTokens + tokens < limit {
      list.append(
        Wanted(name: "decode \(sequences)") {
          benchmark.decode(sequences: sequences, prompt: promptTokens, tokens: tokens)
        })
    }
    if job > 0, limit >= 384 {
      list.append(
        Wanted(name: "job \(job)") {
          benchmark.job(prompts: job, tokens: 128, slots: parallelSequences)
        })
    }
    return list
  }
}

extension LoadFacts {
  /// Opens a model, packed first if it has to be, and lets it write a token; `rounds` times.
  fileprivate init(opening path: String, rounds: Int) throws {
    _ = try PackedModels.open(path)
    self.rounds = try (0..<rounds).map { _ in
      let start = ContinuousClock.now
      let model = try LanguageModel(file: PackedModels.find(path))
      _ = EngineBenchmark(model: model).prefill(tokens: 1)
      let seconds = (ContinuousClock.now - start).seconds
      // The mapping is given back when the time is known.
      return withExtendedLifetime(model) { seconds * 1000 }
    }
    median = self.rounds.sorted()[rounds / 2]
    ownBytes = ResidentMemory.now()?.own.bytes ?? 0
  }
}

/// The most memory of its own that this process was seen to hold.
private final class PeakMemory {
  private(set) var bytes = 0

  func look() { bytes = max(bytes, ResidentMemory.now()?.own.bytes ?? 0) }
}
