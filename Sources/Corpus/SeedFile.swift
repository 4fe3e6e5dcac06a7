public import Bytes

/// Reads seeds from a file with one JSON object a line, or from a log (`.rlg`) of seeds.
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

  private enum Source {
    case lines(LineReader)
    case log(CorpusReader)
  }

  private let source: Source
  private var lineCount = 0
  private var seedCount = 0
  private var firstReason: String?

  public init(path: String, limit: ByteCount = Self.defaultLimit) throws(CorpusError) {
    source =
      path.hasSuffix(".rlg")
      ? .log(try CorpusReader(path: path)) : .lines(try LineReader(path: path, limit: limit.bytes))
  }

  /// Reads lines of JSON from a file that is already open, such as the standard input.
  public init(_ file: consuming OpenFile, limit: ByteCount = Self.defaultLimit) {
    source = .lines(LineReader(file, limit: limit.bytes))
  }

  /// The next seed, or the next line that is none; nil at the end.
  ///
  /// - Throws: ``CorpusError/noSeeds(path:lines:firstReason:)`` at the end if there was not one.
  public mutating func next() throws(CorpusError) -> Entry? {
    let (entry, path) =
      switch source {
      case .lines(let lines): (try next(in: lines), lines.path)
      case .log(let log): (try log.next(Seed.self).map(Entry.seed), log.path)
      }
    if case .seed = entry { seedCount += 1 }
    guard entry != nil || seedCount > 0 else {
      throw .noSeeds(path: path, lines: lineCount, firstReason: firstReason)
    }
    return entry
  }

  private mutating func next(in lines: LineReader) throws(CorpusError) -> Entry? {
    while let piece = try lines.next() {
      lineCount += 1
      if piece.goesOn { return try quarantineLong(piece, in: lines) }
      if piece.bytes.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }) {
        continue
      }
      do throws(JSONProblem) {
        return .seed(try SeedLine(json: piece.bytes).seed(from: lines.path))
      } catch {
        return quarantine(
          piece, of: lines.path, reason: "unusable line", detail: error.description)
      }
    }
    return nil
  }

  private mutating func quarantineLong(
    _ first: LineReader.Piece, in lines: LineReader
  ) throws(CorpusError) -> Entry {
    var byteCount = first.bytes.count
    var goesOn = true
    while goesOn, let piece = try lines.next() {
      byteCount += piece.bytes.count
      goesOn = piece.goesOn
    }
    return quarantine(
      first, of: lines.path, reason: "line too long", detail: "the line has \(ByteCount(byteCount))"
    )
  }

  private mutating func quarantine(
    _ piece: LineReader.Piece, of path: String, reason: String, detail: String
  ) -> Entry {
    firstReason = firstReason ?? "line \(piece.line): \(detail)"
    let text = String(decoding: piece.bytes.prefix(QuarantinedRecord.keptBytes), as: UTF8.self)
    return .quarantined(
      QuarantinedRecord(
        stage: "seeds", reason: reason, detail: detail, text: text, file: path,
        line: piece.line, offset: piece.offset))
  }
}
