import ArgumentParser
import Bytes
import Dispatch
import Foundation
import SynPO
import Training

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Fine-tunes the initial model on a log.",
    discussion: """
      A training that was interrupted goes on from its last checkpoint when it is started again. \
      What it leaves in --into is read by --trained and, if it is an adapter, by other programs \
      that know PEFT. Each step is a line of JSON in metrics.jsonl beside it, with TRL's names; a \
      step that is repeated after an interruption has a second line.

      A training stops, and its result is the best state it was in, when loss or gradient is no \
      finite number, when the answers to be learnt have become less likely by more than max_drop \
      nats a token, or, with --held-back, at one of the looks every policy.eval_steps steps: when \
      the loss has not fallen for three of them, when more than half of the answers that are \
      written to held-back prompts repeat themselves, or when less than half as many of them come \
      to an end as before the first step.
      """,
    subcommands: [
      TrainSFT.self, TrainGenerator.self, TrainImprover.self, TrainSimPO.self, TrainReward.self,
      TrainBench.self,
    ])
}

/// Where a training leaves its result, and how it is told of.
struct TrainingOptions: ParsableArguments {
  @Option(help: "The folder for the result and for checkpoints.", completion: .directory)
  var into: String?

  @Option(help: "Shows the tokens of the first examples and which are scored; nothing is trained.")
  var showMask: Int?

  @Option(help: "Share of the adapter's inputs that a step leaves out, below 1.")
  var loraDropout: Float?

  @Option(
    help: "An adapter to go on from, a PEFT folder or a GGUF file; its rank counts.",
    completion: .file())
  var adapter: String?

  @OptionGroup var stage: StageOptions

  /// Changes to settings for the training whose settings stand under `section`.
  func changes(_ section: String) -> [String] {
    loraDropout.map { ["\(section).lora_dropout=\($0)"] } ?? []
  }

  func validate() throws {
    guard into != nil || showMask != nil else {
      throw ValidationError("Missing expected argument '--into <into>'")
    }
  }

  func train(
    _ lesson: Workbench.Lesson, heldBack: Workbench.Lesson? = nil, on logs: [String],
    further: [String] = []
  ) async throws {
    for path in logs + (adapter.map { [$0] } ?? []) where path != "-" { try checkReadable(path) }
    let bench = try Workbench(settings: try stage.settings(further: further))
    guard adapter == nil || bench.trainsAdapter(lesson) else {
      throw ValidationError("--adapter goes with learning.method: lora; all weights are trained.")
    }
    if let showMask { return try await LossMask(bench, lesson).show(first: showMask) }
    guard let into else { return }
    let watch = Interruption.watch("interrupted; the same command goes on from \(into)")
    defer { watch.cancel() }
    var tale = TrainingTale(name: "")
    let metrics = MetricsLines(folder: into)
    let fingerprint = try await bench.train(
      lesson, heldBack: heldBack, from: adapter, into: into
    ) { event in
      let (progress, line) = tale.take(event)
      if let progress { Console.standard.show(progress) }
      if let line { Console.standard.note(line) }
      try metrics.append(event)
    }
    Console.standard.note("\(into) holds \(fingerprint)")
  }
}

/// One line of JSON a step, and one a look at what the model writes, beside the result.
struct MetricsLines {
  let folder: String

  /// Of other events nothing is kept.
  func append(_ event: TrainingEvent) throws {
    switch event {
    case .step(let report): try append(report)
    case .sampled(let step, let answers): try append(Look(step: step, answers: answers))
    default: break
    }
  }

  private struct Look: Encodable {
    let step: Int
    let answers: SampledAnswers

    enum CodingKeys: CodingKey { case step }

    func encode(to encoder: any Encoder) throws {
      var values = encoder.container(keyedBy: CodingKeys.self)
      try values.encode(step, forKey: .step)
      try answers.encode(to: encoder)
    }
  }

  private func append(_ report: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let line = [UInt8](try encoder.encode(report)) + [UInt8(ascii: "\n")]
    let file = try OpenFile(path: "\(folder)/metrics.jsonl", flags: O_WRONLY | O_CREAT | O_APPEND)
    try unsafe file.write(line.span.bytes)
  }
}

struct TrainSFT: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sft", abstract: "Learns the seeds' answers; settings under `generator`.")

  @Argument(help: "A log of seeds; - is standard input.") var seeds: String
  @OptionGroup var training: TrainingOptions

  func run() async throws {
    try await training.train(
      .answers(seeds: seeds), on: [seeds], further: training.changes("generator"))
  }
}

struct TrainGenerator: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generator", abstract: "Learns to make questions of keywords.")

  @Argument(help: "A log of seeds; - is standard input.") var seeds: String
  @OptionGroup var training: TrainingOptions

  func run() async throws {
    try await training.train(
      .generator(seeds: seeds), on: [seeds], further: training.changes("generator"))
  }
}

struct TrainImprover: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "improver", abstract: "Learns to rewrite answers into better ones.")

  @Argument(help: "A log of seeds.") var seeds: String
  @Argument(help: "The model's answers to them, by `respond --kind seeds`.") var answers: String
  @Option(help: "reward_head, exact, length or random.") var scorer: String?
  @OptionGroup var training: TrainingOptions

  func run() async throws {
    try await training.train(
      .improver(seeds: seeds, answers: answers), on: [seeds, answers],
      further: scorerChange(scorer) + training.changes("improver"))
  }
}

struct TrainSimPO: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simpo",
    abstract: "Learns to prefer the chosen answers of pairs; settings under `policy`.",
    discussion: "With --set policy.algorithm=dpo it is DPO, the initial model being the reference.")

  @Argument(help: "A log of pairs; - is standard input.") var pairs: String
  @Option(help: "A log of pairs that are only looked at.", completion: .file())
  var heldBack: String?
  @OptionGroup var training: TrainingOptions

  func run() async throws {
    let policy = try training.stage.options.settings(config: training.stage.config).policy
    Console.standard.note(policy.inWords)
    try await training.train(
      .policy(pairs: pairs), heldBack: heldBack.map { .policy(pairs: $0) },
      on: [pairs] + (heldBack.map { [$0] } ?? []), further: training.changes("policy.learning"))
  }
}

struct TrainReward: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reward",
    abstract: "Learns to give chosen answers of pairs the higher number.",
    discussion: """
      A head of one label is trained together with an adapter, or with all weights, by Bradley and \
      Terry's loss; settings under `scorer.learning`. The scorer `reward_model` reads what it \
      leaves with `scorer.model`; an adapter is one of PEFT's task SEQ_CLS.
      """)

  @Argument(help: "A log of pairs; - is standard input.") var pairs: String
  @Option(help: "A log of pairs that are only looked at.", completion: .file())
  var heldBack: String?
  @OptionGroup var training: TrainingOptions

  func run() async throws {
    try await training.train(
      .reward(pairs: pairs), heldBack: heldBack.map { .reward(pairs: $0) },
      on: [pairs] + (heldBack.map { [$0] } ?? []), further: training.changes("scorer.learning"))
  }
}

extension PolicySettings {
  /// The objective with its margin both ways, since both are in use under the same name.
  var inWords: String {
    var words = "\(algorithm.rawValue), beta \(beta)"
    if algorithm == .simpo {
      words += ", gamma \(margin) absolute = \(margin / beta) of beta"
    }
    words += ", sft_weight \(sftWeight), \(lossType.rawValue) loss"
    return labelSmoothing > 0 ? words + ", label_smoothing \(labelSmoothing)" : words
  }
}
