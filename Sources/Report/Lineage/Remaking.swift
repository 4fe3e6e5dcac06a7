internal import Bytes
internal import Corpus
internal import Foundation
internal import SynPO

/// Makes a record once more from its parents, with the models and settings of its run.
///
/// What a stage makes of a record depends on nothing else, so the result must be the same to the bit.
public struct Remaking: Sendable {
  /// The run that the record is from.
  public let files: RunFiles
  public let lineage: Lineage

  public init(_ lineage: Lineage, _ files: RunFiles) {
    (self.lineage, self.files) = (lineage, files)
  }

  private var record: StoredRecord { lineage.record }
  private var settings: RunSettings {
    var settings = files.settings
    settings.outputDir = files.logs.folder.path
    return settings
  }

  /// The record made anew: its bytes as they would stand in a log.
  ///
  /// - Throws: ``ReportError/cannotRemake(id:reason:)`` where it was not made but read, or where what
  ///   it was made from is gone.
  public func bytes() async throws -> [UInt8] {
    let own = record.origin.settings
    guard own == nil || own == files.settings.hash else {
      throw cannot("it was made with other settings than those of \(files.logs.folder.path)")
    }
    let scratch = FileManager.default.temporaryDirectory
      .appending(path: "synpo-again-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: scratch) }
    let output = "\(scratch)/again.rlg"
    switch record.content {
    case .seed: throw cannot("a seed is read from its file, not made")
    case .keywords(let list): try keywords(list, to: output)
    case .prompt: try await prompt(scratch, to: output)
    case .answer(let answer): try await self.answer(answer, scratch, to: output)
    case .pair: try await pair(scratch, to: output)
    case .refused: throw cannot("it was refused, and nothing made of it")
    }
    let again = try LogSearch(scratch).first(in: output, like: record)
    guard let again else { throw cannot("this time the stage refused it") }
    return again
  }

  private func cannot(_ reason: String) -> ReportError {
    .cannotRemake(id: record.id, reason: reason)
  }

  private var iteration: Int { record.origin.iteration ?? 0 }

  private func keywords(_ list: KeywordList, to output: String) throws {
    _ = try KeywordStage(settings: settings).run(
      iteration: iteration, count: settings.promptsPerIteration, to: output)
  }

  private func prompt(_ scratch: String, to output: String) async throws {
    guard case .keywords(let list) = parent(0)?.content else {
      throw cannot("its keywords are gone")
    }
    let input = try log([list], "keywords", scratch)
    let generator = try Workbench(settings: settings).trained(
      in: files.logs.folder.file("generator"))
    _ = try await stages.prompts(generator, from: input, to: output)
  }

  /// Which log it stands in tells what the answer was for, and so who gave it.
  private func answer(_ answer: Answer, _ scratch: String, to output: String) async throws {
    let name = (record.path as NSString).lastPathComponent
    let bench = try Workbench(settings: settings)
    switch parent(0)?.content {
    case .seed(let seed):
      let input = try log([seed], "seeds", scratch)
      if name == "validation.rlg" {
        _ = try await stages.validationAnswers(
          try policy(iteration, bench), from: input, to: output)
      } else {
        let sample = name.split(separator: "-").last?.prefix { $0.isNumber } ?? ""
        _ = try await stages.seedAnswers(
          try policy(iteration - 1, bench), sample: Int(sample) ?? 0, from: input, to: output)
      }
    case .prompt(let prompt):
      let input = try log([prompt], "prompts", scratch)
      let isInitial = answer.kind == .baseline && settings.rejected == .initial
      let model = try isInitial ? bench.initial : policy(iteration - 1, bench)
      _ = try await stages.answers(model, kind: answer.kind, from: input, to: output)
    case .answer(let draft):
      let input = try log([draft], "drafts", scratch)
      let improver = try bench.trained(
        in: files.logs.folder.iteration(iteration).file("improver"))
      _ = try await stages.rewrites(improver, from: input, to: output)
    default: throw cannot("what it answers is gone")
    }
  }

  private func pair(_ scratch: String, to output: String) async throws {
    guard case .answer(let chosen) = parent(0)?.content,
      case .answer(let rejected) = parent(1)?.content
    else { throw cannot("its answers are gone") }
    _ = try await Workbench(settings: settings).pairs(
      rewrites: try log([chosen], "rewrites", scratch),
      baselines: try log([rejected], "baselines", scratch), to: output, iteration: iteration
    ) { _, _ in }
  }

  /// The model that an iteration ended with; before the first it is the initial one.
  private func policy(_ iteration: Int, _ bench: Workbench) throws -> ChatModel {
    guard iteration > 0 else { return bench.initial }
    return try bench.trained(in: files.logs.folder.iteration(iteration).file("policy"))
  }

  private var stages: RecipeStages { RecipeStages(settings: settings, iteration: iteration) }

  private func parent(_ place: Int) -> StoredRecord? {
    let parents = record.origin.parents
    return place < parents.count ? lineage.record(parents[place]) : nil
  }

  private func log(_ records: [some CorpusRecord], _ name: String, _ scratch: String) throws
    -> String
  {
    let path = "\(scratch)/\(name).rlg"
    let writer = try CorpusWriter(path: path)
    for record in records { try writer.append(record) }
    try writer.finish()
    return path
  }
}

extension LogSearch {
  /// The bytes of the record with the same id; else of the first of the same kind, so that there is
  /// something to compare.
  func first(in path: String, like record: StoredRecord) throws -> [UInt8]? {
    if let same = try records([record.id])[record.id] { return same.bytes }
    return try StoredRecord.all(in: path).first { $0.kind == record.kind }?.bytes
  }
}
