internal import Bytes
internal import Corpus
internal import Foundation
internal import Synchronization
internal import Training
internal import Transformer

/// What all iterations of a run share.
struct RunContext {
  let settings: RunSettings
  let folder: RunFolder
  let store: ModelStore
  let seeds: [Seed]
  let heldBack: [Seed]
  let generator: ChatModel
  let scorer: any AnswerScorer
  let teller: Teller

  /// For stages: how many records have been dealt with.
  var progress: @Sendable (String, UInt64) -> Void {
    let teller = teller
    return { stage, done in teller.progress(stage, Int(done)) }
  }

  func stage(
    _ name: String, iteration: Int, total: Int?, _ body: () async throws -> StageSummary
  ) async throws -> StageSummary {
    try await teller.stage(name, iteration: iteration, total: total, body)
  }

  /// Trains, tells of every step and keeps one line of numbers a step.
  func learn(
    _ name: String, iteration: Int, into target: RunFolder, settings: TrainingSettings,
    base: ChatModel, sampling: AnswerProbe? = nil, report: inout IterationReport,
    examples: () throws -> [TrainingExample]
  ) throws -> ChatModel {
    let start = Date()
    var learning = Learning(store: store, folder: target, settings: settings, base: base)
    learning.sampling = sampling
    let metrics = MetricsFile(path: folder.file("metrics.jsonl"))
    let model = try learning.run(examples: examples) { event in
      teller.tell(.training(name, iteration: iteration, event))
      try metrics.append(event, training: name, iteration: iteration)
    }
    report.seconds[name, default: 0] += Date().timeIntervalSince(start)
    return model
  }

  /// Answers the held-back seeds and measures the answers.
  func validate(
    _ chat: ChatModel, iteration: Int, folder: RunFolder
  ) async throws -> Validation {
    let path = folder.file("validation.rlg")
    let stages = RecipeStages(settings: settings, iteration: iteration, progress: progress)
    _ = try await stage("validation", iteration: iteration, total: heldBack.count) {
      try await stages.validationAnswers(
        chat, from: self.folder.file("held-back.rlg"), to: path)
    }
    let initial = iteration == 0 ? nil : self.folder.file("validation.rlg")
    let validator = Validator(
      settings: settings, scorer: scorer, seeds: heldBack,
      initial: try initial.map { try records(Answer.self, in: $0) })
    let result = try validator.measure(
      try records(Answer.self, in: path), by: chat, iteration: iteration)
    teller.tell(.validated(result))
    return result
  }
}

/// Hands events to whoever listens, and watches memory meanwhile.
final class Teller: Sendable {
  private let listener: @Sendable (RunEvent) -> Void
  private let peak = Mutex(ResidentMemory(own: ByteCount(0), mapped: ByteCount(0)))
  private let totals = Mutex<[String: Int]>([:])

  init(_ listener: @escaping @Sendable (RunEvent) -> Void) { self.listener = listener }

  var peakMemory: ResidentMemory { peak.withLock { $0 } }

  func tell(_ event: RunEvent) {
    watchMemory()
    listener(event)
  }

  func progress(_ stage: String, _ done: Int) {
    tell(.progress(stage: stage, done: done, total: totals.withLock { $0[stage] }))
  }

  func stage(
    _ name: String, iteration: Int, total: Int?, _ body: () async throws -> StageSummary
  ) async throws -> StageSummary {
    totals.withLock { $0[name] = total }
    tell(.began(stage: name, iteration: iteration, total: total))
    let summary = try await body()
    tell(.ended(summary, iteration: iteration))
    return summary
  }

  private func watchMemory() {
    guard let now = ResidentMemory.now() else { return }
    peak.withLock { peak in
      peak.own = max(peak.own, now.own)
      peak.mapped = max(peak.mapped, now.mapped)
    }
  }
}

/// One line of JSON a training step, and one a look at what the model writes meanwhile. A step that
/// is repeated after a crash has a second line.
struct MetricsFile {
  let path: String

  /// Of other events nothing is kept.
  func append(_ event: TrainingEvent, training: String, iteration: Int) throws {
    switch event {
    case .step(let report):
      try append(
        Line(training: training, iteration: iteration, step: report.step, numbers: report))
    case .sampled(let step, let answers):
      try append(Line(training: training, iteration: iteration, step: step, numbers: answers))
    default: break
    }
  }

  private func append(_ line: some Encodable) throws {
    let bytes = try sortedJSON(line) + [UInt8(ascii: "\n")]
    let file = try OpenFile(path: path, flags: O_WRONLY | O_CREAT | O_APPEND)
    try unsafe file.write(bytes.span.bytes)
  }

  private struct Line<Numbers: Encodable>: Encodable {
    let training: String
    let iteration: Int
    let step: Int
    let numbers: Numbers

    enum CodingKeys: String, CodingKey { case training, iteration, step }

    func encode(to encoder: any Encoder) throws {
      var values = encoder.container(keyedBy: CodingKeys.self)
      try values.encode(training, forKey: .training)
      try values.encode(iteration, forKey: .iteration)
      try values.encode(step, forKey: .step)
      try numbers.encode(to: encoder)
    }
  }
}
