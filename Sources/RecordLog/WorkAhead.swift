import Foundation

/// Work on one chunk, done by whichever thread comes first.
///
/// Handed from thread to thread; ``WorkAhead`` sees to it that one at a time touches it.
protocol ChunkJob: AnyObject, Sendable {
  /// Guarded by ``WorkAhead``.
  var stage: ChunkJobStage { get set }
  func perform()
}

enum ChunkJobStage { case waiting, underway, done }

/// Threads that work on the chunks to come while a writer or reader deals with the one whose turn
/// it is.
///
/// They begin with the first chunk and end with this object. Who has to wait for a chunk works on
/// others meanwhile, so `threads` of them keep one more core busy than there are.
final class WorkAhead<Job: ChunkJob>: Sendable {
  let threads: Int
  private let queue = Queue()

  /// - Parameter threads: 0 where the work on a chunk is done when its turn comes.
  init(threads: Int) { self.threads = max(threads, 0) }

  deinit { queue.end() }

  /// How many bytes of records may wait besides the newest chunk, if chunks have `chunk` bytes:
  /// four chunks for every thread, so that none runs out of work while another is busy.
  func mostWaiting(chunk: Int) -> Int {
    threads == 0 ? 0 : max(min(4 * chunk, 4 << 20), chunk) * (threads + 1)
  }

  func submit(_ job: Job) {
    if threads > 0 { queue.add(job, startingUpTo: threads) }
  }

  func isDone(_ job: Job) -> Bool { queue.isDone(job) }

  /// Returns when the work on `job` is done.
  func finish(_ job: Job) { queue.finish(job) }

  /// Forgets what nobody has begun with.
  func cancelWaiting() { queue.cancelWaiting() }

  /// What the threads share with their owner.
  ///
  /// Sendable because everything in it, and the stage of every job, is touched under the lock
  /// only; a job that is underway belongs to the thread that took it.
  private final class Queue: @unchecked Sendable {
    private let condition = NSCondition()
    private var waiting: [Job] = []
    private var running = 0
    private var isEnded = false

    func add(_ job: Job, startingUpTo limit: Int) {
      condition.withLock {
        waiting.append(job)
        condition.signal()
        guard running < limit else { return }
        running += 1
        let thread = Thread { self.performAll() }
        thread.name = "chunks ahead"
        thread.start()
      }
    }

    func isDone(_ job: Job) -> Bool { condition.withLock { job.stage == .done } }

    func cancelWaiting() { condition.withLock { waiting.removeAll() } }

    func end() {
      condition.withLock {
        isEnded = true
        waiting.removeAll()
        condition.broadcast()
      }
    }

    func finish(_ job: Job) {
      condition.lock()
      while job.stage != .done {
        if job.stage == .waiting {
          waiting.removeAll { $0 === job }
          perform(job)
        } else if let other = popFirst() {
          perform(other)
        } else {
          condition.wait()
        }
      }
      condition.unlock()
    }

    private func performAll() {
      condition.lock()
      while !isEnded {
        if let job = popFirst() { perform(job) } else { condition.wait() }
      }
      condition.unlock()
    }

    private func popFirst() -> Job? { waiting.isEmpty ? nil : waiting.removeFirst() }

    /// Lets go of the lock meanwhile.
    private func perform(_ job: Job) {
      job.stage = .underway
      condition.unlock()
      job.perform()
      condition.lock()
      job.stage = .done
      condition.broadcast()
    }
  }
}
