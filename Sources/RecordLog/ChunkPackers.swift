import Foundation

/// Threads that pack chunks while their writer goes on.
///
/// They begin with the first chunk and end with this object. A writer that has to wait for a chunk
/// packs others meanwhile, so `threads` of them keep one more core busy than there are.
final class ChunkPackers: Sendable {
  let threads: Int
  private let work = Work()

  /// - Parameter threads: 0 where chunks are packed when their turn comes.
  init(threads: Int) { self.threads = max(threads, 0) }

  deinit { work.end() }

  /// How many bytes of records may wait besides the newest chunk, if chunks have `chunk` bytes.
  func mostWaiting(chunk: Int) -> Int { threads == 0 ? 0 : (threads + 1) * chunk }

  func submit(_ chunk: ClosedChunk) {
    if threads > 0 { work.add(chunk, startingUpTo: threads) }
  }

  func isPacked(_ chunk: ClosedChunk) -> Bool { work.isPacked(chunk) }

  /// Returns when `chunk` is packed.
  func finish(_ chunk: ClosedChunk) { work.finish(chunk) }

  /// What the threads share with their writer.
  ///
  /// Sendable because everything in it, and the stage of every chunk, is touched under the lock
  /// only; a chunk that is underway belongs to the thread that took it.
  private final class Work: @unchecked Sendable {
    private let condition = NSCondition()
    private var waiting: [ClosedChunk] = []
    private var running = 0
    private var isEnded = false

    func add(_ chunk: ClosedChunk, startingUpTo limit: Int) {
      condition.withLock {
        waiting.append(chunk)
        condition.signal()
        guard running < limit else { return }
        running += 1
        let thread = Thread { self.packAll() }
        thread.name = "chunk packer"
        thread.start()
      }
    }

    func isPacked(_ chunk: ClosedChunk) -> Bool {
      condition.withLock { chunk.stage == .packed }
    }

    func end() {
      condition.withLock {
        isEnded = true
        waiting.removeAll()
        condition.broadcast()
      }
    }

    func finish(_ chunk: ClosedChunk) {
      condition.lock()
      while chunk.stage != .packed {
        if chunk.stage == .waiting {
          waiting.removeAll { $0 === chunk }
          pack(chunk)
        } else if let other = popFirst() {
          pack(other)
        } else {
          condition.wait()
        }
      }
      condition.unlock()
    }

    private func packAll() {
      condition.lock()
      while !isEnded {
        if let chunk = popFirst() { pack(chunk) } else { condition.wait() }
      }
      condition.unlock()
    }

    private func popFirst() -> ClosedChunk? { waiting.isEmpty ? nil : waiting.removeFirst() }

    /// Lets go of the lock while packing.
    private func pack(_ chunk: ClosedChunk) {
      chunk.stage = .underway
      condition.unlock()
      chunk.pack()
      condition.lock()
      chunk.stage = .packed
      condition.broadcast()
    }
  }
}
