import Bytes

/// Reads lines of a file or a stream, holding at most one piece of a line in memory.
///
/// A byte order mark at the start and carriage returns before line ends are left out. A line
/// that is not shorter than `limit` comes in pieces.
final class LineReader {
  struct Piece {
    var bytes: [UInt8]
    /// Of the line, counted from 1.
    let line: Int
    /// Of the piece, in bytes from the start.
    let offset: Int
    /// Whether the line goes on in the next piece.
    let goesOn: Bool
  }

  let path: String
  private let file: OpenFile
  private let limit: Int
  private var buffer: [UInt8] = []
  private var place = 0
  private var offset = 0
  private var line = 1
  private var hasBegun = false

  init(_ file: consuming OpenFile, limit: Int) {
    precondition(limit > 1, "a line needs room for a character")
    path = file.path
    self.file = file
    self.limit = limit
  }

  convenience init(path: String, limit: Int) throws(CorpusError) {
    let file: OpenFile
    do throws(FileError) { file = try OpenFile(path: path) } catch { throw .file(error) }
    self.init(file, limit: limit)
  }

  /// The next line, or piece of one, without its line end; nil at the end of the file.
  func next() throws(CorpusError) -> Piece? {
    try skipByteOrderMark()
    var bytes: [UInt8] = []
    let start = offset
    while bytes.count < limit {
      guard try fill() else {
        return bytes.isEmpty ? nil : piece(bytes, at: start, goesOn: false)
      }
      let part = buffer[place...].prefix(limit - bytes.count)
      guard let end = part.firstIndex(of: UInt8(ascii: "\n")) else {
        bytes += part
        advance(by: part.count)
        continue
      }
      bytes += part[..<end]
      advance(by: end + 1 - place)
      return piece(bytes, at: start, goesOn: false)
    }
    return piece(bytes, at: start, goesOn: true)
  }

  private func piece(_ bytes: [UInt8], at start: Int, goesOn: Bool) -> Piece {
    var bytes = bytes
    if !goesOn, bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
    defer { if !goesOn { line += 1 } }
    return Piece(bytes: bytes, line: line, offset: start, goesOn: goesOn)
  }

  private func skipByteOrderMark() throws(CorpusError) {
    guard !hasBegun else { return }
    hasBegun = true
    guard try fill(), buffer.starts(with: [0xEF, 0xBB, 0xBF]) else { return }
    advance(by: 3)
  }

  private func advance(by count: Int) {
    place += count
    offset += count
  }

  /// Sees to it that something is in the buffer; false at the end of the file.
  private func fill() throws(CorpusError) -> Bool {
    guard place == buffer.count else { return true }
    do throws(FileError) {
      buffer = try file.read(upTo: 64 << 10)
    } catch {
      throw .file(error)
    }
    place = 0
    return !buffer.isEmpty
  }
}
