import Glibc

/// What went wrong between us and the file system: what was tried, where, and the system's reason.
public struct FileError: Error, Equatable, Sendable {
  public enum Operation: String, Sendable {
    case open, status = "look at", map, read, write, sync, rename, create, remove, lock, truncate,
      seek, allocate = "reserve space for"
  }

  public let operation: Operation
  public let path: String
  public let code: Int32

  public init(_ operation: Operation, path: String, code: Int32) {
    self.operation = operation
    self.path = path
    self.code = code
  }

  /// Takes the reason from the call that has just failed on this thread.
  public init(_ operation: Operation, path: String) {
    self.init(operation, path: path, code: errno)
  }
}

extension FileError: CustomStringConvertible {
  public var description: String {
    let reason = unsafe String(cString: strerror(code))
    return "cannot \(operation.rawValue) \(path): \(reason)"
  }
}
