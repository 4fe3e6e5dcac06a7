import Bytes
import Glibc

/// A temporary file of entries in order. It has no name, and goes when the value goes.
final class SortedRun {
  private let file: OpenFile
  private var waiting: [UInt8] = []
  private static let piece = 256 << 10

  init(in folder: String) throws(FileError) {
    file = try temporaryFile(in: folder)
  }

  func write(_ entry: ExternalSort.Entry) throws(FileError) {
    for count in [entry.key.count, entry.payload.count] {
      for shift in [0, 8, 16, 24] { waiting.append(UInt8(truncatingIfNeeded: count >> shift)) }
    }
    waiting += entry.key
    waiting += entry.payload
    if waiting.count >= Self.piece { try flush() }
  }

  func finish() throws(FileError) {
    try flush()
    waiting = []
  }

  private func flush() throws(FileError) {
    let bytes = waiting
    try file.write(bytes.rawSpan)
    waiting.removeAll(keepingCapacity: true)
  }

  func reader() throws(FileError) -> Reader {
    guard lseek(file.descriptor, 0, SEEK_SET) == 0 else { throw FileError(.read, path: file.path) }
    return Reader(self)
  }

  /// Entries from the first on. One reader at a time: it moves the file's position.
  struct Reader {
    private let run: SortedRun
    private var waiting: [UInt8] = []
    private var at = 0

    init(_ run: SortedRun) { self.run = run }

    mutating func next() throws(FileError) -> ExternalSort.Entry? {
      guard try fill(8) else { return nil }
      let (keyCount, payloadCount) = (count(at), count(at + 4))
      at += 8
      guard try fill(keyCount + payloadCount) else {
        throw FileError(.read, path: run.file.path, code: EIO)
      }
      let middle = at + keyCount
      let end = middle + payloadCount
      defer { at = end }
      return ExternalSort.Entry(
        key: Array(waiting[at..<middle]), payload: Array(waiting[middle..<end]))
    }

    private func count(_ start: Int) -> Int {
      (0..<4).reduce(0) { $0 | Int(waiting[start + $1]) << (8 * $1) }
    }

    /// Whether `count` bytes wait, after reading more where they do not.
    private mutating func fill(_ count: Int) throws(FileError) -> Bool {
      while waiting.count - at < count {
        let more = try run.file.read(upTo: SortedRun.piece)
        guard !more.isEmpty else { return false }
        waiting.removeFirst(at)
        at = 0
        waiting += more
      }
      return true
    }
  }
}

/// An open file without a name.
func temporaryFile(in folder: String) throws(FileError) -> OpenFile {
  let path = "\(folder)/.rlog-\(getpid())-\(UInt64.random(in: 0 ... .max))"
  let file = try OpenFile(path: path, flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
  unsafe unlink(path)
  return file
}
