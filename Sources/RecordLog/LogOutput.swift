import Bytes
import Glibc

/// Where a log is written to: a file of its own, locked, or a stream.
struct LogOutput: ~Copyable {
  let file: OpenFile
  let isStream: Bool
  /// Whether somebody may be reading while it is written: a stream that does not go into a file.
  let isLive: Bool
  private let files: any LogFiles

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
    if !isStream { flock(file.descriptor, LOCK_UN) }
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

  /// Writes a chunk. In a file the header comes last, so that who follows along on this machine
  /// never sees one without what belongs to it.
  func put(_ bytes: RawSpan, at offset: UInt64) throws(RecordLogError.Problem) {
    do throws(FileError) {
      guard !isStream else { return try file.write(bytes) }
      let head = min(ChunkLayout.headerBytes, bytes.byteCount)
      try write(bytes.extracting(droppingFirst: head), at: offset + UInt64(head))
      try write(bytes.extracting(first: head), at: offset)
    } catch {
      throw isStream && error.code == EPIPE ? .consumerGone : .file(error)
    }
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

  /// Makes all that was put durable.
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

  /// Reserves space for the file to grow to `byteCount`; false where the file system cannot.
  @discardableResult
  func reserve(_ byteCount: UInt64) throws(RecordLogError.Problem) -> Bool {
    do throws(FileError) {
      try uninterrupted { () throws(FileError) in try files.allocate(file, byteCount) }
      return true
    } catch {
      guard error.code == EOPNOTSUPP || error.code == ENOSYS else { throw .file(error) }
      return false
    }
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
