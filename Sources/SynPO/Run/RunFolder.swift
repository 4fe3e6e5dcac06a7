internal import Foundation

/// Where a run keeps what it makes.
///
///     run.yaml                  the settings
///     model.packed              the initial model, where it had to be imported
///     seeds.rlg                 seeds to learn from        held-back.rlg   seeds to measure on
///     generator/  reward-head.json  baseline-0.rlg …
///     pairs.rlg                 the growing set
///     iteration-N/              keywords, prompts, seed answers, drafts, rewrites, baselines, pairs,
///                               improver/, policy/, validation.rlg, report.json
///                               with other recipes than SynPO: samples-0 …, or gold
///     metrics.jsonl             one line a training step
public struct RunFolder: Sendable {
  public let path: String

  public init(_ path: String) { self.path = path }

  public func file(_ name: String) -> String { "\(path)/\(name)" }

  public func iteration(_ number: Int) -> RunFolder { RunFolder(file("iteration-\(number)")) }

  public func exists(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: file(name))
  }

  public func make() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
}

/// The JSON of a value with its keys in alphabetical order, so that equal values give equal bytes.
func sortedJSON(_ value: some Encodable) throws -> [UInt8] {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return [UInt8](try encoder.encode(value))
}
