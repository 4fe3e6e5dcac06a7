public import Glibc

/// An open file descriptor that is closed when the value goes.
public struct OpenFile: ~Copyable, Sendable {
  public let descriptor: Int32
  public let path: String

  /// Opens `path`; `flags` as in open(2), `O_CLOEXEC` is always added.
  public init(path: String, flags: Int32 = O_RDONLY, mode: mode_t = 0o644) throws(FileError) {
    let opened = retrying { unsafe open(path, flags | O_CLOEXEC, mode) }
    guard opened >= 0 else { throw FileError(.open, path: path) }
    descriptor = opened
    self.path = path
  }

  /// Takes over a descriptor that somebody else opened.
  public init(owning descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit { close(descriptor) }

  public func byteCount() throws(FileError) -> Int {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw FileError(.status, path: path) }
    return Int(status.st_size)
  }

  /// Writes all of `bytes`, however many calls that takes.
  public func write(_ bytes: borrowing RawSpan) throws(FileError) {
    var done = 0
    while done < bytes.byteCount {
      let rest = bytes.extracting(droppingFirst: done)
      let count = unsafe rest.withUnsafeBytes { rest in
        retrying { unsafe Glibc.write(descriptor, rest.baseAddress, rest.count) }
      }
      guard count >= 0 else { throw FileError(.write, path: path) }
      done += count
    }
  }

  /// Reads up to `capacity` bytes from where the descriptor stands; empty at the end.
  public func read(upTo capacity: Int) throws(FileError) -> [UInt8] {
    var failed = false
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, filled in
      let count = retrying { unsafe Glibc.read(descriptor, buffer.baseAddress, capacity) }
      failed = count < 0
      filled = max(count, 0)
    }
    if failed { throw FileError(.read, path: path) }
    return bytes
  }

  public func sync() throws(FileError) {
    guard retrying({ fdatasync(descriptor) }) == 0 else { throw FileError(.sync, path: path) }
  }
}

/// Calls again for as long as a signal interrupts.
func retrying<T: SignedInteger>(_ call: () -> T) -> T {
  while true {
    let result = call()
    if result != -1 || errno != EINTR { return result }
  }
}
