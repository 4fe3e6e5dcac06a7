internal import Foundation
internal import RecordLog
public import SynPO

/// How far a run has come, from the files in its folder alone.
public struct RunStatus: Equatable, Sendable {
  /// A part of the run.
  public struct Step: Equatable, Sendable {
    public enum State: Equatable, Sendable { case waiting, underWay, done }

    public var name: String
    /// 0 for what comes before the first iteration.
    public var iteration: Int
    public var state: State
    /// Records of the input that have been dealt with, or training steps.
    public var done = 0
    public var total: Int?
    /// Records in the step's log: the input of the next.
    public var records = 0
    public var isTraining = false
  }

  public var steps: [Step]
  /// Iterations that have ended, with what was measured.
  public var validations: [Validation]
  /// Mean wall time of an iteration that has ended.
  public var secondsPerIteration: Double?
  public var isFinished: Bool
  /// The newest line of numbers of the training under way.
  public var metrics: [String: Double]

  /// The step under way, or the one to come next; nil where all are done.
  public var current: Step? { steps.first { $0.state != .done } }
}

extension RunStatus {
  /// - Returns: at a cost of some headers of each log, not of what is in them.
  public init(_ files: RunFiles) {
    let logs = files.logs
    let begun = max(logs.iterations, 1)
    steps = Self.preparation(logs, files.settings)
    for iteration in 1...max(begun, files.settings.iterations) {
      steps += Self.steps(of: iteration, logs, files.settings, seeds: steps.first?.records ?? 0)
    }
    if files.report != nil { for place in steps.indices { steps[place].state = .done } }
    validations = files.iterations.map(\.validation)
    let seconds = files.iterations.map { $0.seconds.values.reduce(0, +) }
    secondsPerIteration =
      seconds.isEmpty ? nil : seconds.reduce(0, +) / Double(seconds.count)
    isFinished = files.report != nil
    metrics = [:]
    guard let current, current.isTraining else { return }
    let curve = files.metrics.curve(current.name, iteration: current.iteration)
    metrics = curve?.values.compactMapValues { $0.last(where: \.isFinite) } ?? [:]
    let epochs = Self.epochs(of: current.name, files.settings)
    if let place = steps.firstIndex(of: current), let step = curve?.steps.last {
      steps[place].done = step
      steps[place].state = .underWay
      let epoch = metrics["epoch"] ?? 0
      steps[place].total = epoch > 0 ? Int((Double(step) * epochs / epoch).rounded()) : nil
    }
  }

  private static func epochs(of training: String, _ settings: RunSettings) -> Double {
    switch training {
    case "generator": Double(settings.generator.numTrainEpochs)
    case "improver": Double(settings.improver.numTrainEpochs)
    default: Double(settings.policy.learning.numTrainEpochs)
    }
  }

  private static func preparation(_ logs: RunLogs, _ settings: RunSettings) -> [Step] {
    var steps = [log("seeds", "seeds.rlg", 0, logs.folder)]
    let seeds = steps[0].state == .done ? steps[0].records : nil
    if [.rewardHead, .trainedReward].contains(settings.scorer.name) {
      for sample in 0..<settings.scorer.samplesPerSeed {
        steps.append(
          log("seed answers", "seed-answers-\(sample).rlg", 0, logs.folder, total: seeds))
      }
    }
    steps.append(training("generator", 0, logs.folder))
    let heldBack = log("", "held-back.rlg", 0, logs.folder).records
    steps.append(log("validation", "validation.rlg", 0, logs.folder, total: heldBack))
    return steps
  }

  /// As ``SynPO/Run`` makes them, one after the other.
  private static func steps(
    of iteration: Int, _ logs: RunLogs, _ settings: RunSettings, seeds: Int
  ) -> [Step] {
    let folder = logs.folder.iteration(iteration)
    func step(_ name: String, _ file: String, _ total: Int?) -> Step {
      log(name, file, iteration, folder, total: total)
    }
    let keywords = step("keywords", "keywords.rlg", settings.promptsPerIteration)
    let prompts = step("prompts", "prompts.rlg", keywords.records)
    var steps = [keywords, prompts]
    if settings.useImprover {
      steps.append(step("seed answers", "seed-answers.rlg", seeds))
      steps.append(training("improver", iteration, folder))
    }
    steps.append(step("drafts", "drafts.rlg", prompts.records))
    if settings.useImprover { steps.append(step("rewrites", "rewrites.rlg", prompts.records)) }
    steps.append(step("baselines", "baselines.rlg", prompts.records))
    steps.append(step("pairs", "pairs.rlg", prompts.records))
    steps.append(training("policy", iteration, folder))
    let heldBack = log("", "held-back.rlg", 0, logs.folder).records
    steps.append(step("validation", "validation.rlg", heldBack))
    return steps
  }

  private static func training(_ name: String, _ iteration: Int, _ folder: RunFolder) -> Step {
    let place = RunFolder(folder.file(name))
    let isDone = place.exists("adapter_model.safetensors") || place.exists("model.packed")
    let isBegun = folder.exists(name)
    return Step(
      name: name, iteration: iteration, state: isDone ? .done : isBegun ? .underWay : .waiting,
      isTraining: true)
  }

  /// A sealed log is a stage that has ended; in another the cursor says how far it is.
  private static func log(
    _ name: String, _ file: String, _ iteration: Int, _ folder: RunFolder, total: Int? = nil
  ) -> Step {
    var step = Step(name: name, iteration: iteration, state: .waiting, total: total)
    guard folder.exists(file) else { return step }
    step.state = .underWay
    do throws(RecordLogError) {
      let reader = try RecordLogReader(
        path: folder.file(file), options: ReadOptions(mode: .tailTolerant))
      while try reader.nextHeader() != nil {}
      step.records = Int(clamping: reader.nextSequence)
      step.done = reader.lastCursor > 0 ? Int(clamping: reader.lastCursor) : step.records
      if reader.ending == .sealed { step.state = .done }
    } catch {
      // Only just opened: nothing can be read of it yet.
      return step
    }
    return step
  }
}
