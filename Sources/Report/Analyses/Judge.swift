public import Corpus
internal import Bytes
internal import Foundation

/// Says how good answers are, for measuring. Scores of one judge can be compared.
public struct Judge: Sendable {
  public let name: String
  /// One score for each answer; nil where the judge has nothing to say.
  public let scores: @Sendable ([Answer]) async throws -> [Double?]

  public init(
    _ name: String, scores: @escaping @Sendable ([Answer]) async throws -> [Double?]
  ) {
    self.name = name
    self.scores = scores
  }

  /// The same judge, who keeps what was said in the file at `path` and is not asked again.
  ///
  /// An answer goes by its id, which says by which model and settings it was made.
  public func remembering(in path: String) -> Judge {
    Judge(name) { answers in
      var known = Self.read(path)
      let unknown = answers.filter { known[$0.id] == nil }
      if !unknown.isEmpty {
        for (answer, score) in zip(unknown, try await scores(unknown)) {
          known[answer.id] = .some(score)
        }
        try Self.write(known, to: path)
      }
      return answers.map { known[$0.id] ?? nil }
    }
  }

  private static func read(_ path: String) -> [String: Double?] {
    let data = FileManager.default.contents(atPath: path) ?? Data()
    return (try? JSONDecoder().decode([String: Double?].self, from: data)) ?? [:]
  }

  private static func write(_ scores: [String: Double?], to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    try FileReplacement.write([UInt8](try encoder.encode(scores)), to: path)
  }
}
