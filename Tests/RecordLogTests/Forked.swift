import Foundation

/// A child of this very process, which does one thing and is gone.
///
/// The child has one thread and everything the parent had; it must not wait for others. Whatever
/// locks other threads of the parent held stay locked in it for ever, so a child may hang: it is
/// always killed in the end.
struct Forked {
  let pid: pid_t

  /// Runs `body` in the child, which then ends with the code that it returned.
  init(_ body: () -> Int32) throws {
    guard let fork = hiddenCall("fork", as: (@convention(c) () -> pid_t).self) else {
      throw CocoaError(.featureUnsupported)
    }
    fflush(nil)
    pid = fork()
    if pid == 0 { _exit(body()) }
    guard pid > 0 else { throw POSIXError(.EAGAIN) }
  }

  func kill(_ signal: Int32 = SIGKILL) { Foundation.kill(pid, signal) }

  /// How it ended: the code it left with, or minus the signal that killed it.
  @discardableResult
  func wait() -> Int32 {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    let signal = status & 0x7F
    return signal == 0 ? status >> 8 & 0xFF : -signal
  }

  /// As ``wait()``, but kills it after `seconds`.
  func wait(atMost seconds: Double) -> Int32 {
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end {
      var status: Int32 = 0
      if waitpid(pid, &status, WNOHANG) == pid {
        let signal = status & 0x7F
        return signal == 0 ? status >> 8 & 0xFF : -signal
      }
      usleep(500)
    }
    kill()
    return wait()
  }
}

/// A function of the C library that its module does not show to Swift.
func hiddenCall<T>(_ name: String, as type: T.Type) -> T? {
  dlsym(nil, name).map { unsafeBitCast($0, to: type) }
}
