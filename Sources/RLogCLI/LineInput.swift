import Bytes
import Foundation

/// Lines of a file or of standard input, read in bounded pieces.
struct LineInput: ~Copyable {
  let name: String
  private let file: OpenFile
  private var decompressor: Decompressor?
  private let limit: Int
  private var waiting: [UInt8] = []
  private var start = 0
  private var isAtEnd = false

  /// - Parameter limit: the most bytes of a line that are kept. Of a longer one ``next()`` gives
  ///   `limit` + 1.
  init(_ path: String, limit: Int) throws(FileError) {
    if path == "-" {
      name = "standard input"
      file = OpenFile(owning: dup(STDIN_FILENO), path: name)
    } else {
      name = path
      var content: OpenFile?
      if let compression = Compression(path: path) {
        decompressor = try Decompressor(path, compression, output: &content)
      }
      if let content = content.take() { file = content } else { file = try OpenFile(path: path) }
    }
    self.limit = limit
  }

  /// The next line without its end; nil after the last.
  mutating func next() throws(FileError) -> ArraySlice<UInt8>? {
    var line: [UInt8] = []
    var isLong = false
    while true {
      let rest = waiting[start...]
      let end = rest.firstIndex(of: 10)
      let piece = rest[..<(end ?? rest.endIndex)]
      isLong = isLong || line.count + piece.count > limit
      if let end {
        start = end + 1
        guard !line.isEmpty || isLong else { return piece }
        line.append(contentsOf: piece.prefix(limit + 1 - line.count))
        return line[...]
      }
      line.append(contentsOf: piece.prefix(limit + 1 - line.count))
      start = waiting.count
      guard try fill() else { return line.isEmpty ? nil : line[...] }
    }
  }

  /// False at the end of the input.
  private mutating func fill() throws(FileError) -> Bool {
    waiting = isAtEnd ? [] : try file.read(upTo: 256 << 10)
    start = 0
    isAtEnd = waiting.isEmpty
    if isAtEnd { try decompressor?.finish() }
    return !isAtEnd
  }
}
