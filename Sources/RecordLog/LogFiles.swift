import Bytes
import CChecksum
import Glibc

/// The calls by which a writer changes its files, one method each and none of them tried twice.
///
/// They stand behind a protocol so that tests can make any one of them fail, fall short, or be
/// forgotten by a power cut.
protocol LogFiles: Sendable {
  /// - Parameter flags: as in open(2).
  func open(_ path: String, flags: Int32) throws(FileError) -> OpenFile
  /// Returns how many of the bytes were written, which may be fewer than there are.
  func write(
    _ bytes: RawSpan, to file: borrowing OpenFile, at offset: UInt64
  ) throws(FileError) -> Int
  func sync(_ file: borrowing OpenFile) throws(FileError)
  func truncate(_ file: borrowing OpenFile, to byteCount: UInt64) throws(FileError)
  func byteCount(_ file: borrowing OpenFile) throws(FileError) -> Int
  /// Reserves space up to `byteCount` and leaves the file's size as it is.
  func allocate(_ file: borrowing OpenFile, _ byteCount: UInt64) throws(FileError)
  /// - Parameter replacing: whether a file that has the new name may go.
  func rename(_ path: String, to newPath: String, replacing: Bool) throws(FileError)
  func remove(_ path: String) throws(FileError)
  func makeFolder(_ path: String) throws(FileError)
  /// Makes the names in a folder durable.
  func syncFolder(_ path: String) throws(FileError)
  func pause(_ duration: Duration)
}

/// The system's own.
struct SystemFiles: LogFiles {
  func open(_ path: String, flags: Int32) throws(FileError) -> OpenFile {
    try OpenFile(path: path, flags: flags)
  }

  func write(
    _ bytes: RawSpan, to file: borrowing OpenFile, at offset: UInt64
  ) throws(FileError) -> Int {
    let descriptor = file.descriptor
    let count = unsafe bytes.withUnsafeBytes { bytes in
      unsafe pwrite(descriptor, bytes.baseAddress, bytes.count, off_t(offset))
    }
    guard count >= 0 else { throw FileError(.write, path: file.path) }
    return count
  }

  func sync(_ file: borrowing OpenFile) throws(FileError) {
    guard fdatasync(file.descriptor) == 0 else { throw FileError(.sync, path: file.path) }
  }

  func truncate(_ file: borrowing OpenFile, to byteCount: UInt64) throws(FileError) {
    guard ftruncate(file.descriptor, off_t(byteCount)) == 0 else {
      throw FileError(.truncate, path: file.path)
    }
  }

  func byteCount(_ file: borrowing OpenFile) throws(FileError) -> Int { try file.byteCount() }

  func allocate(_ file: borrowing OpenFile, _ byteCount: UInt64) throws(FileError) {
    guard cck_reserve(file.descriptor, byteCount) == 0 else {
      throw FileError(.allocate, path: file.path)
    }
  }

  func rename(_ path: String, to newPath: String, replacing: Bool) throws(FileError) {
    var result = unsafe replacing ? Glibc.rename(path, newPath) : cck_rename_new(path, newPath)
    if result != 0, errno == EINVAL, !replacing {
      // A file system without the call. The folder's lock keeps others from taking the name.
      guard unsafe access(newPath, F_OK) != 0 else {
        throw FileError(.rename, path: path, code: EEXIST)
      }
      result = unsafe Glibc.rename(path, newPath)
    }
    guard result == 0 else { throw FileError(.rename, path: path) }
  }

  func remove(_ path: String) throws(FileError) {
    guard unsafe unlink(path) == 0 else { throw FileError(.remove, path: path) }
  }

  func makeFolder(_ path: String) throws(FileError) {
    guard unsafe mkdir(path, 0o755) == 0 || errno == EEXIST else {
      throw FileError(.create, path: path)
    }
  }

  func syncFolder(_ path: String) throws(FileError) { try Bytes.syncFolder(of: path + "/.") }

  func pause(_ duration: Duration) {
    let parts = duration.components
    var time = timespec(
      tv_sec: Int(parts.seconds), tv_nsec: Int(parts.attoseconds / 1_000_000_000))
    unsafe nanosleep(&time, nil)
  }
}

/// Tries again for as long as a signal interrupts.
func uninterrupted<T>(_ call: () throws(FileError) -> T) throws(FileError) -> T {
  while true {
    do throws(FileError) { return try call() } catch {
      guard error.code == EINTR else { throw error }
    }
  }
}
