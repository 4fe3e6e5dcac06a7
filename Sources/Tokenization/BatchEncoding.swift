import Dispatch
import Synchronization

extension Tokenizer {
  /// The ids of each of `texts`, found by several threads. They are those that ``encode`` gives.
  ///
  /// - Parameters:
  ///   - threads: how many at most; fewer if there is little to do.
  ///   - parseSpecial: whether the text of control tokens becomes these tokens.
  public func encode(
    batch texts: [String], threads: Int, addBOS: Bool = false, parseSpecial: Bool = true
  ) -> [[Int32]] {
    precondition(threads > 0, "\(threads) threads cannot encode anything")
    let shares = Self.shares(of: texts)
    let results = Mutex([[Int32]](repeating: [], count: texts.count))
    let next = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: min(threads, shares.count)) { _ in
      while true {
        let number = next.add(1, ordering: .relaxed).oldValue
        guard number < shares.count else { return }
        let share = shares[number]
        let ids = texts[share].map { encode($0, addBOS: addBOS, parseSpecial: parseSpecial) }
        results.withLock { results in
          for (index, ids) in zip(share, ids) { results[index] = ids }
        }
      }
    }
    return results.withLock(\.self)
  }

  /// What a thread takes at a time: enough for taking it not to count. In bytes of UTF-8.
  private static let share = 32 << 10

  private static func shares(of texts: [String]) -> [Range<Int>] {
    var shares: [Range<Int>] = []
    var (start, bytes) = (0, 0)
    for (index, text) in texts.enumerated() {
      bytes += text.utf8.count
      guard bytes >= share || index == texts.count - 1 else { continue }
      shares.append(start..<index + 1)
      (start, bytes) = (index + 1, 0)
    }
    return shares
  }
}
