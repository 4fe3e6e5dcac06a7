public import Bytes
import Foundation

/// Reads paragraphs of running text, from which keywords can be drawn.
///
/// From a `.jsonl` file each line gives its `text` (or `content`); a line without one is passed
/// over. From any other file paragraphs are what blank lines separate. A paragraph longer than
/// the limit comes in several parts, so memory is bounded.
public struct ParagraphFile: ~Copyable {
  /// The longest paragraph that is handed out, unless stated otherwise.
  public static let defaultLimit = ByteCount.kibibytes(8)

  /// Lines of a `.jsonl` file that had no text.
  public private(set) var skippedLines = 0

  private let lines: LineReader
  private let isJSON: Bool
  private let limit: Int
  private var waiting: [UInt8] = []

  public init(path: String, limit: ByteCount = Self.defaultLimit) throws(CorpusError) {
    isJSON = path.hasSuffix(".jsonl") || path.hasSuffix(".ndjson")
    let lineLimit = isJSON ? SeedFile.defaultLimit : limit
    lines = try LineReader(path: path, limit: lineLimit.bytes)
    self.limit = limit.bytes
  }

  /// The next paragraph; nil at the end.
  public mutating func next() throws(CorpusError) -> String? {
    try isJSON ? nextOfJSON() : nextOfText()
  }

  private mutating func nextOfText() throws(CorpusError) -> String? {
    while waiting.count <= limit {
      guard let piece = try lines.next() else { break }
      let isBlank = !piece.goesOn && piece.bytes.allSatisfy { $0 <= UInt8(ascii: " ") }
      if isBlank, let paragraph = take() { return paragraph }
      waiting += isBlank ? [] : piece.bytes
      if !isBlank, !piece.goesOn { waiting.append(UInt8(ascii: "\n")) }
    }
    return take()
  }

  private mutating func nextOfJSON() throws(CorpusError) -> String? {
    while true {
      if let paragraph = take() { return paragraph }
      guard let piece = try lines.next() else { return nil }
      if piece.goesOn { continue }
      if let text = Self.text(of: piece.bytes) {
        waiting = [UInt8](text.utf8)
      } else {
        skippedLines += 1
      }
    }
  }

  /// As much of what waits as may go at once, cut between words; nil if that is only white space.
  private mutating func take() -> String? {
    while !waiting.isEmpty {
      var end = waiting.count
      if end > limit {
        end = waiting[..<limit].lastIndex { $0 <= UInt8(ascii: " ") } ?? limit
        end = max(end, 1)
      }
      let part = String(decoding: waiting[..<end], as: UTF8.self)
      waiting.removeFirst(end)
      let trimmed = part.trimmingCharacters(in: .whitespacesAndNewlines)
      if !trimmed.isEmpty { return trimmed }
    }
    return nil
  }

  private static func text(of json: [UInt8]) -> String? {
    struct Columns: Decodable {
      let text: String?
      let content: String?
    }
    let columns = try? JSONDecoder().decode(Columns.self, from: Data(json))
    return columns?.text ?? columns?.content
  }
}
