import Glibc

/// Writes a file so that its name leads to the old content or to the new, never to a part.
///
/// The content goes to `<path>.part`, is synced, renamed over `path`, and the folder is synced.
/// Without ``commit()`` nothing happens to `path` and the part is removed.
public struct FileReplacement: ~Copyable {
  public let path: String
  private let part: OpenFile
  private var isCommitted = false

  public init(path: String) throws(FileError) {
    self.path = path
    part = try OpenFile(path: path + ".part", flags: O_RDWR | O_CREAT | O_TRUNC)
  }

  public func write(_ bytes: borrowing RawSpan) throws(FileError) { try part.write(bytes) }

  public func write(_ bytes: [UInt8]) throws(FileError) {
    try unsafe part.write(bytes.span.bytes)
  }

  public mutating func commit() throws(FileError) {
    try part.sync()
    guard unsafe rename(part.path, path) == 0 else { throw FileError(.rename, path: path) }
    isCommitted = true
    try syncFolder(of: path)
  }

  deinit {
    if !isCommitted { unsafe unlink(part.path) }
  }

  /// Writes `bytes` to `path` in one go.
  public static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    var replacement = try FileReplacement(path: path)
    try replacement.write(bytes)
    try replacement.commit()
  }
}

/// Makes a rename or a new name in the folder of `path` durable.
public func syncFolder(of path: String) throws(FileError) {
  let cut = path.lastIndex(of: "/")
  let folder = cut.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
  let file = try OpenFile(path: folder, flags: O_RDONLY | O_DIRECTORY)
  guard retrying({ fsync(file.descriptor) }) == 0 else { throw FileError(.sync, path: folder) }
}
