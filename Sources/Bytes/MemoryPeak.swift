internal import Dispatch
internal import Synchronization

/// The process's own memory, looked at twenty times a second for as long as this is kept.
public final class MemoryPeak {
  private let highest = Highest()
  private let timer: any DispatchSourceTimer

  public init() {
    timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "memory"))
    timer.schedule(deadline: .now(), repeating: .milliseconds(50))
    timer.setEventHandler { [highest] in highest.look() }
    timer.resume()
  }

  deinit { timer.cancel() }

  /// The most so far.
  public var own: ByteCount {
    highest.look()
    return highest.own
  }

  private final class Highest: Sendable {
    private let bytes = Mutex(0)

    var own: ByteCount { ByteCount(bytes.withLock { $0 }) }

    func look() {
      guard let now = ResidentMemory.now() else { return }
      bytes.withLock { $0 = max($0, now.own.bytes) }
    }
  }
}
