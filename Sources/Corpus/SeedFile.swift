public import Bytes

/// Reads seeds from a file with one JSON object a line.
///
/// A line that is no seed is handed out as quarantined, with place and reason, and never stops the
/// rest. Memory is bounded by the longest line that is accepted.
public struct SeedFile: ~Copyable {
  public enum Entry: Equatable, Sendable {
    case seed(Seed)
    case quarantined(QuarantinedRecord)
  }

  /// The longest line that is accepted, unless stated otherwise.
  public static let defaultLimit = ByteCount.mebibytes(4)

  private var lines: LineReader
  private var lineCount = 0
  private var seedCount = 0
  private var firstReason: String?

  public init(path: String, limit: ByteCount = Self.defaultLimit) throws(CorpusError) {
    lines = try LineReader(path: path, limit: limit.bytes)
  }

  /// Reads from a file that is already open, such as the standard input.
  public init(_ file: consuming OpenFile, limit: ByteCount = Self.defaultLimit) {
    lines = LineReader(file, limit: limit.bytes)
  }

  /// The next seed, or the next line that is none; nil at the end.
  ///
  /// - Throws: ``CorpusError/noSeeds(path:lines:firstReason:)`` at the end if there was not one.
  public mutating func next() throws(CorpusError) -> Entry? {
    while let piece = try lines.next() {
      lineCount += 1
      if piece.goesOn { return try quarantineLong(piece) }
      if piece.bytes.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }) {
        continue
      }
      do throws(JSONProblem) {
        let seed = try SeedLine(json: piece.bytes).seed(from: lines.path)
        seedCount += 1
        return .seed(seed)
      } catch {
        return quarantine(piece, reason: "unusable line", detail: error.description)
      }
    }
    guard seedCount > 0 else {
      throw .noSeeds(path: lines.path, lines: lineCount, firstReason: firstReason)
    }
    return nil
  }

  private mutating func quarantineLong(_ first: LineReader.Piece) throws(CorpusError) -> Entry {
    var byteCount = first.bytes.count
    var goesOn = true
    while goesOn, let piece = try lines.next() {
      byteCount += piece.bytes.count
      goesOn = piece.goesOn
    }
    return quarantine(
      first, reason: "line too long", detail: "the line has \(ByteCount(byteCount))")
  }

  private mutating func quarantine(
    _ piece: LineReader.Piece, reason: String, detail: String
  ) -> Entry {
    firstReason = firstReason ?? "line \(piece.line): \(detail)"
    let text = String(decoding: piece.bytes.prefix(QuarantinedRecord.keptBytes), as: UTF8.self)
    return .quarantined(
      QuarantinedRecord(
        stage: "seeds", reason: reason, detail: detail, text: text, file: lines.path,
        line: piece.line, offset: piece.offset))
  }
}
