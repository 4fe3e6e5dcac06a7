internal import Bytes
internal import Corpus
internal import Exercises
internal import Foundation
internal import Transformer

/// Reads the seeds, or makes the embedded ones, and parts those to learn from from those to measure
/// on. Which is which depends on the run's seed and on the seed's own words, not on its place.
struct SeedStage {
  let settings: RunSettings
  let folder: RunFolder
  /// Seeds whose turns this model's template refuses are put aside.
  let chat: ChatModel

  struct Counts: Codable, Equatable {
    var seeds = 0
    var heldBack = 0
    var unusable = 0
  }

  /// The fewest seeds on either side.
  private static let fewest = 4

  /// Writes `seeds.rlg` and `held-back.rlg`, once.
  func run() throws -> Counts {
    let counts = folder.file("seeds.json")
    if let data = FileManager.default.contents(atPath: counts) {
      return try JSONDecoder().decode(Counts.self, from: data)
    }
    let (seeds, unusable) = try gather()
    let held = heldBack(of: seeds)
    let kept = seeds.filter { !held.contains($0.id) && !isOnlyMeasuredOn($0) }
    guard kept.count >= Self.fewest, held.count >= Self.fewest else {
      throw SynPOError.tooFewSeeds(found: seeds.count, needed: 4 * Self.fewest)
    }
    try write(kept, aside: unusable, to: "seeds.rlg")
    try write(seeds.filter { held.contains($0.id) }, aside: [], to: "held-back.rlg")
    let result = Counts(seeds: kept.count, heldBack: held.count, unusable: unusable.count)
    try FileReplacement.write(try sortedJSON(result), to: counts)
    return result
  }

  private func gather() throws -> (seeds: [Seed], unusable: [QuarantinedRecord]) {
    var seeds: [Seed] = []
    var known: Set<String> = []
    var unusable: [QuarantinedRecord] = []
    func take(_ seed: Seed) {
      guard known.insert(seed.id).inserted else { return }
      do throws(SynPOError) {
        _ = try chat.prompt(seed.chat)
        seeds.append(seed)
      } catch {
        unusable.append(
          QuarantinedRecord(
            stage: "seeds", reason: "no_prompt", detail: "\(error)", text: seed.prompt,
            file: seed.source, origin: Origin(parents: [seed.id])))
      }
    }
    if settings.seeds.isEmpty { embeddedSeeds().forEach(take) }
    for path in settings.seeds {
      var file = try SeedFile(path: path)
      while let entry = try file.next() {
        switch entry {
        case .seed(let seed): take(seed)
        case .quarantined(let record): unusable.append(record)
        }
      }
    }
    let limit = settings.maxSeeds
    return (limit > 0 ? Array(shuffled(seeds).prefix(limit)) : seeds, unusable)
  }

  /// Exercises with their right answers: of all kinds, or those to learn from and those to measure
  /// on of kinds of their own.
  private func embeddedSeeds() -> [Seed] {
    let learnt = exercises(of: settings.seedKinds, stream: "embedded seeds")
    guard !settings.heldBackKinds.isEmpty else { return learnt }
    return learnt + exercises(of: settings.heldBackKinds, stream: "embedded held-back seeds")
  }

  private func exercises(of names: [String], stream: String) -> [Seed] {
    let kinds = names.compactMap(ExerciseKind.init)
    var random = CounterRandom(seed: settings.seed, stream: stream)
    var prompts: Set<String> = []
    var seeds: [Seed] = []
    // Some kinds have few different tasks.
    for _ in 0..<100 * Self.embeddedCount where seeds.count < Self.embeddedCount {
      let exercise = ExerciseFamily.exercise(using: &random)
      guard kinds.isEmpty || kinds.contains(exercise.kind) else { continue }
      guard prompts.insert(exercise.prompt).inserted else { continue }
      seeds.append(Seed(prompt: exercise.prompt, answer: exercise.answer, source: "exercises"))
    }
    return seeds
  }

  private static let embeddedCount = 600

  private func heldBack(of all: [Seed]) -> Set<String> {
    let measured = all.filter(isOnlyMeasuredOn)
    let seeds = measured.isEmpty ? all : measured
    let wanted = Int((settings.heldBackShare * Double(seeds.count)).rounded())
    let count = settings.maxHeldBack > 0 ? min(wanted, settings.maxHeldBack) : wanted
    return Set(shuffled(seeds).prefix(max(count, Self.fewest)).map(\.id))
  }

  /// Whether a seed is an exercise of a kind that is held back as a whole.
  private func isOnlyMeasuredOn(_ seed: Seed) -> Bool {
    guard settings.seeds.isEmpty, !settings.heldBackKinds.isEmpty else { return false }
    let kind = ExactChecker.recognise(seed.prompt)?.kind.rawValue
    return kind.map(settings.heldBackKinds.contains) ?? false
  }

  /// In an order that the run's seed and the seeds' words decide.
  private func shuffled(_ seeds: [Seed]) -> [Seed] {
    let ranked = seeds.map { seed in
      var random = CounterRandom(seed: settings.seed, stream: "held back/\(seed.id)")
      return (rank: random.next(), seed: seed)
    }
    return ranked.sorted { ($0.rank, $0.seed.id) < ($1.rank, $1.seed.id) }.map(\.seed)
  }

  private func write(_ seeds: [Seed], aside: [QuarantinedRecord], to name: String) throws {
    let part = folder.file(name + ".new")
    try? FileManager.default.removeItem(atPath: part)
    let writer = try CorpusWriter(path: part, reproducibleAs: "\(settings.hash)/\(name)")
    for seed in seeds { try writer.append(seed) }
    for record in aside { try writer.append(record) }
    try writer.finish()
    guard unsafe rename(part, folder.file(name)) == 0 else {
      throw SynPOError.file(FileError(.rename, path: folder.file(name)))
    }
  }
}

/// All records of one type in a log; for what is small enough to hold.
func records<R: CorpusRecord>(_: R.Type, in path: String) throws -> [R] {
  let reader = try CorpusReader(path: path)
  var all: [R] = []
  while let record = try reader.next(R.self, skippingOthers: true) { all.append(record) }
  return all
}
