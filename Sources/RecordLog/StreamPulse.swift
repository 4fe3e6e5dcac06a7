import Bytes
import Dispatch
import Foundation

/// The thread that keeps a stream alive while nobody appends to it.
///
/// It does with the writer what is due, and lets others touch the writer in between: whoever does
/// holds the lock. It ends before its writer does.
///
/// Sendable because everything in it is touched under the lock only, but for the thread itself,
/// which is set before it starts.
final class StreamPulse: @unchecked Sendable {
  private let lock = NSLock()
  private let wake = DispatchSemaphore(value: 0)
  private let ended = DispatchSemaphore(value: 0)
  private var thread: Thread?
  private var isStopped = false
  /// Whether the thread sleeps although something may become due before it wakes.
  private var isResting = false

  /// The writer, whose end waits for the thread's.
  private struct Patient: @unchecked Sendable {
    unowned(unsafe) let writer: RecordLogWriter
  }

  func start(for writer: RecordLogWriter) {
    let patient = Patient(writer: writer)
    let thread = Thread { [self] in
      while let pause = beat(of: patient) { _ = wake.wait(timeout: .now() + pause) }
      ended.signal()
    }
    thread.name = "stream pulse"
    self.thread = thread
    thread.start()
  }

  /// Does what is due; returns the seconds to wait, nil where nothing is wanted any more.
  private func beat(of patient: Patient) -> Double? {
    seize()
    defer { release() }
    guard !isStopped else { return nil }
    let next = unsafe patient.writer.beat()
    isResting = next.isResting
    // The clock is a coarse one.
    return max(next.pause / .seconds(1), 0.001)
  }

  func seize() { lock.lock() }
  func release() { lock.unlock() }

  /// A record has come that must not wait for long. The caller holds the lock.
  func hurry() {
    guard isResting else { return }
    isResting = false
    wake.signal()
  }

  /// Returns when the thread has ended. Called a second time it does nothing.
  func stop() {
    guard Thread.current !== thread else {
      // The writer's last owner let go of it during a beat, which is the thread's last.
      isStopped = true
      return
    }
    let wasStopped = lock.withLock {
      defer { isStopped = true }
      return isStopped
    }
    guard !wasStopped else { return }
    wake.signal()
    ended.wait()
  }
}

// MARK: What is due

extension RecordLogWriter {
  /// What the pulse has to wait for.
  struct Pause {
    var pause: Duration
    /// Whether the first record that comes makes it shorter.
    var isResting = false
  }

  /// Keeps the pulse of a stream out until ``release()``.
  func seize() { pulse?.seize() }
  func release() { pulse?.release() }

  /// Closes a chunk whose oldest record has waited long enough; after some silence tells the reader
  /// that the writer is there. Who has not read what there is needs neither.
  func beat() -> Pause {
    guard state == .open else { return Pause(pause: options.heartbeat) }
    let now = monotonicNow()
    let opened = closedChunks.first?.opened ?? chunk.opened
    let due = opened.map { $0 + options.linger } ?? lastWritten + options.heartbeat
    guard now >= due else { return Pause(pause: due - now, isResting: opened == nil) }
    guard output.hasRoom else { return Pause(pause: .milliseconds(10)) }
    do throws(RecordLogError) {
      if opened == nil { try writeHeartbeat() } else { try writeChunk(.flush) }
    } catch {
      // Told by the next call.
      missedFailure = error
    }
    return Pause(pause: opened == nil ? options.heartbeat : .zero, isResting: opened == nil)
  }

  /// The next record's number, and the barrier passed last.
  private func writeHeartbeat() throws(RecordLogError) {
    try write(.mark, table: Barrier.table(lastBarrier))
  }

  func noteWritten(_ kind: ChunkKind?) {
    guard output.isLive else { return }
    lastWritten = monotonicNow()
    if kind == .meta { lastMeta = chain.offset }
  }

  /// Whether the description is to be said once more, to those who joined late.
  var isMetaDue: Bool {
    output.isLive && chain.offset - lastMeta >= UInt64(options.descriptionInterval.bytes)
  }
}
