import Bytes
import Glibc

/// Where a log is written to: a file of its own, locked, or a stream.
///
/// Chunks for a file gather in memory, so that the system gets few and large pieces: it takes them
/// in less time, and keeps them in larger pages, which are mapped faster when they are read.
struct LogOutput: ~Copyable {
  let file: OpenFile
  let isStream: Bool
  /// Whether somebody may be reading while it is written: a stream that does not go into a file.
  let isLive: Bool
  private let files: any LogFiles
  private let progress = Progress()

  private final class Progress {
    /// Whether chunks may wait in memory for others.
    var gathers = true
    /// What waits, and the place in the file where it belongs: whole chunks stand in front of that.
    let waiting = ByteStore()
    var written: UInt64 = 0
    /// Up to where the file has space; all there can be where reserving failed.
    var reserved: UInt64 = 0
  }

  /// How much is handed over at once.
  private static let piece = 512 << 10
  /// How much space is reserved at once, in a file that has come to the size of a piece.
  private static let ahead: UInt64 = 8 << 20

  /// Creates the file, which must not exist.
  ///
  /// - Parameter name: what it is called in errors, where it is to be renamed.
  init(
    creating path: String, named name: String? = nil, files: any LogFiles
  ) throws(RecordLogError.Problem) {
    let created = try LogOutput.locked(path, flags: O_RDWR | O_CREAT | O_EXCL, files)
    if let name {
      let copy = fcntl(created.descriptor, F_DUPFD_CLOEXEC, 0)
      guard copy >= 0 else { throw .file(FileError(.open, path: name)) }
      file = OpenFile(owning: copy, path: name)
    } else {
      file = created
    }
    isStream = false
    isLive = false
    self.files = files
  }

  init(opening path: String, files: any LogFiles) throws(RecordLogError.Problem) {
    file = try LogOutput.locked(path, flags: O_RDWR, files)
    isStream = false
    isLive = false
    self.files = files
  }

  /// Removes a file that a crash left before its first chunk: empty, zeros, or the beginning of a
  /// prologue. Any other file stays, and so does one that somebody is writing.
  static func removeStub(_ path: String) throws(RecordLogError.Problem) {
    guard unsafe access(path, F_OK) == 0 else { return }
    let output = try LogOutput(opening: path, files: SystemFiles())
    do throws(FileError) {
      let start = try output.file.read(upTo: ChunkLayout.inputStep)
      let isShort = start.count < ChunkLayout.prologueBytes
      let begins = start.starts(with: ChunkLayout.emptyFrame.prefix(start.count))
      let isAll = try output.file.byteCount() == start.count
      let isStub = isAll && (start.allSatisfy { $0 == 0 } || isShort && begins)
      if isStub, unsafe unlink(path) != 0 { throw FileError(.remove, path: path) }
    } catch {
      throw .file(error)
    }
  }

  /// The descriptor stays the caller's.
  init(streamingTo descriptor: Int32, name: String) throws(RecordLogError.Problem) {
    let copy = dup(descriptor)
    guard copy >= 0 else { throw .file(FileError(.open, path: name)) }
    file = OpenFile(owning: copy, path: name)
    isStream = true
    var status = stat()
    isLive = unsafe fstat(copy, &status) != 0 || (status.st_mode & S_IFMT) != S_IFREG
    files = SystemFiles()
  }

  /// Whether something can be written without waiting, or it would show that nobody reads any more.
  var hasRoom: Bool {
    var wanted = pollfd(fd: file.descriptor, events: Int16(POLLOUT), revents: 0)
    return unsafe poll(&wanted, 1, 0) != 0
  }

  /// A process that is just being started holds a copy of every descriptor for a moment, and
  /// would keep the lock for as long.
  deinit {
    guard !isStream else { return }
    // What waits was accepted; who it mattered to has committed it.
    if !progress.waiting.isEmpty {
      do throws(FileError) {
        try progress.waiting.withBytes { (bytes) throws(FileError) in
          try write(bytes, headerLastAt: progress.written)
        }
      } catch {
        try? cutBack()
      }
    }
    flock(file.descriptor, LOCK_UN)
  }

  /// One writer at a time.
  private static func locked(
    _ path: String, flags: Int32, _ files: any LogFiles
  ) throws(RecordLogError.Problem) -> OpenFile {
    do throws(FileError) {
      let file = try open(path, flags: flags, files)
      guard flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 else {
        throw FileError(.lock, path: path)
      }
      return file
    } catch {
      throw .file(error)
    }
  }

  private static func open(
    _ path: String, flags: Int32, _ files: any LogFiles
  ) throws(FileError) -> OpenFile {
    while true {
      do throws(FileError) { return try files.open(path, flags: flags) } catch {
        guard error.code == EINTR else { throw error }
      }
    }
  }

  /// Writes a chunk, or takes it in to be written together with those that follow.
  /// - Parameters:
  ///   - offset: where the chunk before it ends.
  ///   - mayWait: whether it may be taken in.
  /// - Throws: where what waited, or this, cannot be written. Then this was not taken in.
  func put(
    _ bytes: RawSpan, at offset: UInt64, mayWait: Bool = false
  ) throws(RecordLogError.Problem) {
    guard !isStream else { return try stream(bytes) }
    let waiting = progress.waiting
    let waits = mayWait && progress.gathers && bytes.byteCount <= Self.piece / 2
    if !waits || waiting.count + bytes.byteCount > Self.piece { try handOver() }
    if waiting.isEmpty { progress.written = offset }
    guard waits else { return try write(bytes) }
    unsafe bytes.withUnsafeBytes { unsafe waiting.append($0) }
  }

  /// From now on every chunk is written at once.
  func gatherNone() { progress.gathers = false }

  /// Writes what waits.
  func handOver() throws(RecordLogError.Problem) {
    guard !progress.waiting.isEmpty else { return }
    try progress.waiting.withBytes { (bytes) throws(RecordLogError.Problem) in try write(bytes) }
    forget()
  }

  /// Forgets what waits.
  func forget() { progress.waiting.removeAll() }

  private func stream(_ bytes: RawSpan) throws(RecordLogError.Problem) {
    do throws(FileError) { try file.write(bytes) } catch {
      throw error.code == EPIPE ? .consumerGone : .file(error)
    }
  }

  /// Writes whole chunks. The first header comes last, so that who follows along on this machine
  /// never sees one without what belongs to it.
  private func write(_ bytes: RawSpan) throws(RecordLogError.Problem) {
    reserveAhead(bytes.byteCount)
    do throws(FileError) { try write(bytes, headerLastAt: progress.written) } catch {
      throw .file(error)
    }
    progress.written += UInt64(bytes.byteCount)
  }

  private func write(_ bytes: RawSpan, headerLastAt offset: UInt64) throws(FileError) {
    let head = min(ChunkLayout.headerBytes, bytes.byteCount)
    try write(bytes.extracting(droppingFirst: head), at: offset + UInt64(head))
    try write(bytes.extracting(first: head), at: offset)
  }

  private func write(_ bytes: RawSpan, at offset: UInt64) throws(FileError) {
    var done = 0
    while done < bytes.byteCount {
      let rest = bytes.extracting(droppingFirst: done)
      do throws(FileError) {
        let count = try files.write(rest, to: file, at: offset + UInt64(done))
        // A write of nothing would go on for ever.
        guard count > 0 else { throw FileError(.write, path: file.path, code: EIO) }
        done += count
      } catch {
        guard error.code == EINTR else { throw error }
      }
    }
  }

  /// Makes all that was handed over durable.
  func sync() throws(RecordLogError.Problem) {
    guard !isStream else { return }
    do throws(FileError) {
      try uninterrupted { () throws(FileError) in try files.sync(file) }
    } catch {
      throw .file(error)
    }
  }

  /// Makes a new file's name durable, too.
  func syncName() throws(RecordLogError.Problem) {
    let cut = file.path.lastIndex(of: "/")
    let folder = cut.map { $0 == file.path.startIndex ? "/" : String(file.path[..<$0]) } ?? "."
    do throws(FileError) {
      try uninterrupted { () throws(FileError) in try files.syncFolder(folder) }
    } catch {
      throw .file(error)
    }
  }

  /// Reserves space for the file to grow to `byteCount`, where the file system can.
  func reserve(_ byteCount: UInt64) throws(RecordLogError.Problem) {
    do throws(FileError) {
      try uninterrupted { () throws(FileError) in try files.allocate(file, byteCount) }
      progress.reserved = byteCount
    } catch {
      guard error.code == EOPNOTSUPP || error.code == ENOSYS else { throw .file(error) }
      progress.reserved = .max
    }
  }

  /// Reserves space before a large file grows by `count` bytes, which costs the system less than to
  /// find some for page after page. Where that fails the write will tell.
  private func reserveAhead(_ count: Int) {
    let end = progress.written + UInt64(count)
    guard progress.written >= Self.piece, end > progress.reserved else { return }
    do throws(RecordLogError.Problem) { try reserve(end + Self.ahead) } catch {
      progress.reserved = .max
    }
  }

  /// Cuts the file back to the whole chunks that were handed over.
  func cutBack() throws(RecordLogError.Problem) { try cut(to: progress.written) }

  /// Gives back space that was reserved here, or maybe earlier, and was not needed for the file's
  /// `byteCount`. That it stays reserved would be no harm.
  func release(from byteCount: UInt64, reservedEarlier: Bool) {
    if reservedEarlier || progress.reserved > byteCount { try? cut(to: byteCount) }
  }

  /// Cuts the file back to `byteCount` and looks whether that took.
  func cut(to byteCount: UInt64) throws(RecordLogError.Problem) {
    do throws(FileError) {
      try uninterrupted { () throws(FileError) in try files.truncate(file, to: byteCount) }
      let left = try uninterrupted { () throws(FileError) in try files.byteCount(file) }
      guard left <= byteCount else { throw FileError(.truncate, path: file.path, code: EIO) }
    } catch {
      throw .file(error)
    }
  }
}
