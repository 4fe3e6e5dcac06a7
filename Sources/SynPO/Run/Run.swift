internal import Bytes
internal import Corpus
internal import Foundation
internal import Training
internal import Transformer

/// The whole recipe: generator and scorer once, then iterations.
///
/// Everything is kept in the run's folder as it is made. A run that was killed is started again with
/// the same settings and goes on where it was; its results are those of a run left alone.
public struct Run: Sendable {
  public let settings: RunSettings
  public let folder: RunFolder
  private let teller: Teller

  public init(settings: RunSettings, tell: @escaping @Sendable (RunEvent) -> Void) {
    self.settings = settings
    folder = RunFolder(settings.outputDir)
    teller = Teller(tell)
  }

  /// Runs all iterations and keeps the report in `report.json`.
  public func run() async throws -> RunReport {
    let start = Date()
    try claimFolder()
    var before: [String: Double] = [:]
    let context = try await prepare(&before)
    let initial = try await timed("validation", &before) {
      try await context.validate(context.store.initial, iteration: 0, folder: folder)
    }
    var report = RunReport(
      folder: folder.path, model: settings.model, scorer: settings.scorer.name.rawValue,
      initial: initial)
    report.beforeSeconds = before
    var policy = context.store.initial
    for number in 1...settings.iterations {
      let turn = Iteration(run: context, number: number, previous: policy)
      let (next, iteration) = try await turn.turn()
      policy = next
      report.iterations.append(iteration)
      try save(iteration, to: folder.iteration(number).file("report.json"))
      teller.tell(.iterationEnded(iteration))
      if let reason = collapse(iteration.validation) {
        report.stopped = reason
        teller.tell(.stopped(reason: reason))
        break
      }
    }
    conclude(&report, since: start)
    try save(report, to: folder.file("report.json"))
    teller.tell(.finished(report))
    return report
  }

  /// The report of this run if it has ended; nil if there is still something to do.
  ///
  /// - Throws: where the folder holds a run with other settings.
  public func finished() throws -> RunReport? {
    guard let data = FileManager.default.contents(atPath: folder.file("report.json")) else {
      return nil
    }
    try claimFolder()
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(RunReport.self, from: data)
  }

  /// More than half of the answers going in circles: the run stops, and an earlier model is kept.
  private func collapse(_ validation: Validation) -> String? {
    validation.repetitive > 0.5
      ? "more than half of the answers of iteration \(validation.iteration) repeat themselves" : nil
  }

  /// The iteration with the best measure is kept; of equal ones the earliest.
  private func conclude(_ report: inout RunReport, since start: Date) {
    var best = report.initial
    for iteration in report.iterations
    where iteration.validation.measure > best.measure && iteration.validation.repetitive <= 0.5 {
      best = iteration.validation
    }
    report.best = best.iteration
    report.bestModel =
      best.iteration == 0 ? nil : folder.iteration(best.iteration).file("policy")
    report.seconds = Date().timeIntervalSince(start)
    report.peakOwnBytes = teller.peakMemory.own.bytes
    report.peakMappedBytes = teller.peakMemory.mapped.bytes
  }

  /// Writes the settings into a new folder; an old one must have been made with the same.
  private func claimFolder() throws {
    try folder.make()
    let path = folder.file("run.yaml")
    let mine = try SettingsFile.yaml(settings)
    guard let data = FileManager.default.contents(atPath: path) else {
      try FileReplacement.write([UInt8](mine.utf8), to: path)
      return
    }
    let theirs = try SettingsFile.settings(
      yaml: String(decoding: data, as: UTF8.self), base: settings, path: path)
    guard theirs.hash == settings.hash else {
      throw SynPOError.otherSettings(
        folder: folder.path,
        differences: differences(String(decoding: data, as: UTF8.self), mine))
    }
    teller.tell(.resumed(folder: folder.path))
  }

  private func differences(_ old: String, _ new: String) -> [String] {
    let kept = Set(old.split(separator: "\n"))
    return new.split(separator: "\n").filter { !kept.contains($0) }
      .map { $0.trimmingCharacters(in: .whitespaces) }
  }

  /// Seeds, models, scorer and generator.
  ///
  /// - Parameter seconds: what each took.
  private func prepare(_ seconds: inout [String: Double]) async throws -> RunContext {
    let store = try timed("import", &seconds) {
      try ModelStore(settings: settings, folder: folder)
    }
    let counts = try timed("seeds", &seconds) {
      try SeedStage(settings: settings, folder: folder, chat: store.initial).run()
    }
    let seeds = try records(Seed.self, in: folder.file("seeds.rlg"))
    let heldBack = try records(Seed.self, in: folder.file("held-back.rlg"))
    teller.tell(
      .opened(
        model: settings.model, parameters: store.initial.model.parameterCount,
        seeds: seeds.count, heldBack: heldBack.count, unusable: counts.unusable))
    let scorer = try await timed("scorer", &seconds) {
      try await ScorerFactory(
        settings: settings, folder: folder, store: store, seeds: seeds, teller: teller
      ).scorer()
    }
    let generator = try timed("generator", &seconds) { try self.generator(store, seeds) }
    return RunContext(
      settings: settings, folder: folder, store: store, seeds: seeds, heldBack: heldBack,
      generator: generator, scorer: scorer, teller: teller)
  }

  /// G ← SFT(θ₀, {keywords → (x*, y*)}), once.
  private func generator(_ store: ModelStore, _ seeds: [Seed]) throws -> ChatModel {
    let learning = Learning(
      store: store, folder: RunFolder(folder.file("generator")),
      settings: settings.generator.training(.imitation, seed: settings.seed),
      base: store.initial)
    let metrics = MetricsFile(path: folder.file("metrics.jsonl"))
    return try learning.run {
      try LearningExamples(settings: settings, chat: store.initial).generator(seeds)
    } tell: { event in
      teller.tell(.training("generator", iteration: 0, event))
      try metrics.append(event, training: "generator", iteration: 0)
    }
  }

  private func save(_ value: some Encodable, to path: String) throws {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try FileReplacement.write([UInt8](try encoder.encode(value)), to: path)
  }
}

/// Does something, and adds the time it took to what its part has taken.
func timed<Result>(
  _ part: String, _ seconds: inout [String: Double], _ body: () throws -> Result
) rethrows -> Result {
  let start = Date()
  defer { seconds[part, default: 0] += Date().timeIntervalSince(start) }
  return try body()
}

func timed<Result>(
  _ part: String, _ seconds: inout [String: Double], _ body: () async throws -> Result
) async rethrows -> Result {
  let start = Date()
  defer { seconds[part, default: 0] += Date().timeIntervalSince(start) }
  return try await body()
}
