import Foundation

/// A value that one thread at a time may use.
///
/// What `Mutex` is, and the thread sanitizer understands: how a `Mutex` that others wait for is handed
/// on it does not see, and reports races that are none.
///
/// Unchecked: the value is used under the lock only.
final class Locked<Value>: @unchecked Sendable {
  private let lock = NSLock()
  private var value: Value

  init(_ value: sending Value) { self.value = value }

  func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
    lock.lock()
    defer { lock.unlock() }
    return try body(&value)
  }
}
