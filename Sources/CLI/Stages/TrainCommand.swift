import ArgumentParser
import Dispatch
import SynPO
import Training

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Fine-tunes the initial model on a log.",
    discussion: """
      A training that was interrupted goes on from its last checkpoint when it is started again. \
      What it leaves in --into is read by --trained and, if it is an adapter, by other programs \
      that know PEFT.
      """,
    subcommands: [TrainSFT.self, TrainGenerator.self, TrainImprover.self, TrainSimPO.self])
}

/// Where a training leaves its result, and how it is told of.
struct TrainingOptions: ParsableArguments {
  @Option(help: "The folder for the result and for checkpoints.", completion: .directory)
  var into: String

  @OptionGroup var stage: StageOptions

  func train(
    _ lesson: Workbench.Lesson, on logs: [String], further: [String] = []
  ) async throws {
    for path in logs where path != "-" { try checkReadable(path) }
    let bench = try Workbench(settings: try stage.settings(further: further))
    let watch = Interruption.watch("interrupted; the same command goes on from \(into)")
    defer { watch.cancel() }
    var tale = TrainingTale(name: "")
    let model = try await bench.train(lesson, into: into) { event in
      let (progress, line) = tale.take(event)
      if let progress { Console.standard.show(progress) }
      if let line { Console.standard.note(line) }
    }
    Console.standard.note("\(into) holds \(model.fingerprint)")
  }
}

struct TrainSFT: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sft", abstract: "Learns the seeds' answers; settings under `generator`.")

  @Argument(help: "A log of seeds; - is standard input.") var seeds: String
  @OptionGroup var training: TrainingOptions

  func run() async throws { try await training.train(.answers(seeds: seeds), on: [seeds]) }
}

struct TrainGenerator: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generator", abstract: "Learns to make questions of keywords.")

  @Argument(help: "A log of seeds; - is standard input.") var seeds: String
  @OptionGroup var training: TrainingOptions

  func run() async throws { try await training.train(.generator(seeds: seeds), on: [seeds]) }
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
      further: scorerChange(scorer))
  }
}

struct TrainSimPO: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simpo", abstract: "Learns to prefer the chosen answers of pairs.")

  @Argument(help: "A log of pairs; - is standard input.") var pairs: String
  @OptionGroup var training: TrainingOptions

  func run() async throws { try await training.train(.policy(pairs: pairs), on: [pairs]) }
}
