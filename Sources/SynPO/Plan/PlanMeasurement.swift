internal import Bytes
internal import Corpus
internal import Foundation
internal import ModelFile
internal import Tensor
internal import Training
internal import Transformer

/// Measures on this machine, with the model itself, what a run will take.
///
/// Whatever can be is done as the run does it: seeds are read, keywords drawn, answers to seeds
/// written and scored, and steps of each training taken on the seeds' own examples. A model that is
/// not packed is packed into the run's folder, where the run finds it.
public struct PlanMeasurement: Sendable {
  public let settings: RunSettings
  /// Seconds for which answers are written; other parts take what they take.
  public let patience: Double
  private let tell: @Sendable (String) -> Void
  private let folder: RunFolder
  /// Gone at the end.
  private let scratch: RunFolder

  /// - Parameter tell: told what is measured.
  public init(
    settings: RunSettings, patience: Double = 8, tell: @escaping @Sendable (String) -> Void
  ) {
    self.settings = settings
    self.patience = patience
    self.tell = tell
    folder = RunFolder(settings.outputDir)
    scratch = RunFolder(folder.file("plan"))
  }

  public func run() async throws -> Plan {
    let isNew = !FileManager.default.fileExists(atPath: folder.path)
    try scratch.make()
    defer { clear(isNew: isNew) }
    var seconds: [String: Double] = [:]
    tell("opening the model")
    let store = try timed("import", &seconds) {
      try ModelStore(settings: settings, folder: folder)
    }
    tell("reading seeds and keyword sources")
    let sources = try sources(store, &seconds)
    let bench = PlanBench(settings: settings, store: store, scratch: scratch, sources: sources)
    return try await bench.plan(seconds, patience: patience, tell: tell)
  }

  private func sources(_ store: ModelStore, _ seconds: inout [String: Double]) throws -> PlanSources
  {
    _ = try timed("seeds", &seconds) {
      try SeedStage(settings: settings, folder: scratch, chat: store.initial).run()
    }
    var sources = PlanSources(
      seeds: try records(Seed.self, in: scratch.file("seeds.rlg")),
      heldBack: try records(Seed.self, in: scratch.file("held-back.rlg")))
    guard settings.recipe != .seeds else { return sources }
    let log = scratch.file("keywords.rlg")
    _ = try timed("keywords", &seconds) {
      try KeywordStage(settings: settings).run(
        iteration: 1, count: settings.promptsPerIteration, to: log)
    }
    sources.lists = try records(KeywordList.self, in: log)
    sources.keywordBytes = Double(try fileBytes(log)) / Double(max(sources.lists.count, 1))
    return sources
  }

  /// Takes away what was only for measuring, and a folder that holds nothing else.
  private func clear(isNew: Bool) {
    try? FileManager.default.removeItem(atPath: scratch.path)
    let left = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    if isNew, left.isEmpty { try? FileManager.default.removeItem(atPath: folder.path) }
  }
}

/// What a run starts from.
struct PlanSources {
  let seeds: [Seed]
  let heldBack: [Seed]
  var lists: [KeywordList] = []
  /// In their log, for each list.
  var keywordBytes = 0.0
}

/// The size of a file; of a folder, that of all files in it.
func fileBytes(_ path: String) throws -> Int {
  let manager = FileManager.default
  var isFolder: ObjCBool = false
  guard unsafe manager.fileExists(atPath: path, isDirectory: &isFolder) else { return 0 }
  guard isFolder.boolValue else {
    return try manager.attributesOfItem(atPath: path)[.size] as? Int ?? 0
  }
  return try manager.contentsOfDirectory(atPath: path).reduce(0) {
    $0 + (try fileBytes("\(path)/\($1)"))
  }
}
