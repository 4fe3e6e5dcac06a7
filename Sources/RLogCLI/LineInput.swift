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
  /// There is no line feed from ``start`` to here.
  private var searched = 0
  private var isAtEnd = false
  /// Whether the rest of a line that was too long is still to be passed over.
  private var isInsideLine = false

  /// - Parameter limit: the most bytes of a line that are kept.
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

  /// The next lines: as many as there are, each with its line feed but maybe the last of the input;
  /// or, of a line longer than the limit, the first limit + 1 bytes. Nil at the end.
  mutating func nextLines() throws(FileError) -> ArraySlice<UInt8>? {
    while true {
      if isInsideLine { try passLine() }
      if let end = lastLineEnd() {
        defer { start = end }
        return waiting[start..<end]
      }
      if waiting.count - start > limit {
        isInsideLine = true
        defer { start += limit + 1 }
        return waiting[start...start + limit]
      }
      guard try fill() else {
        defer { start = waiting.count }
        return start < waiting.count ? waiting[start...] : nil
      }
    }
  }

  /// Behind the last line feed in what is waiting.
  private mutating func lastLineEnd() -> Int? {
    let new = waiting[max(start, searched)...]
    searched = waiting.count
    return new.lastIndex(of: 10).map { $0 + 1 }
  }

  private mutating func passLine() throws(FileError) {
    while isInsideLine {
      if let end = waiting[start...].firstIndex(of: 10) {
        start = end + 1
        isInsideLine = false
      } else {
        start = waiting.count
        isInsideLine = try fill()
      }
    }
  }

  /// False at the end of the input.
  private mutating func fill() throws(FileError) -> Bool {
    guard !isAtEnd else { return false }
    waiting.removeFirst(start)
    searched = max(searched - start, 0)
    start = 0
    let more = try file.read(upTo: 256 << 10)
    waiting += more
    isAtEnd = more.isEmpty
    if isAtEnd { try decompressor?.finish() }
    return !isAtEnd
  }
}
