/// Merges the symbols of one word until no pair merges any more, always the pair of lowest rank and
/// of those the leftmost. One value serves many words and keeps its memory between them.
struct BytePairMerger: Sendable {
  /// The symbols of the word: set before, merged after ``mergeAll()``. Negative ones never merge.
  var symbols: [Int32] = []

  private let table: MergeTable
  /// `pairs[i]` is the merge of `symbols[i]` and `symbols[i + 1]`.
  private var pairs: [MergeTable.Merge] = []
  private var chain = SymbolChain()
  private var waiting = Heap()

  /// Up to this many symbols, looking through all pairs beats keeping them sorted.
  private static let longestScan = 48

  init(table: MergeTable) { self.table = table }

  mutating func mergeAll() {
    guard symbols.count > 1 else { return }
    if symbols.count <= Self.longestScan { mergeScanning() } else { mergeSorting() }
  }
}

// MARK: - Short words

extension BytePairMerger {
  /// Takes time by the square of the symbols.
  private mutating func mergeScanning() {
    pairs.removeAll(keepingCapacity: true)
    for index in 1..<symbols.count {
      pairs.append(table.merge(symbols[index - 1], symbols[index]))
    }
    var count = symbols.count
    while let best = indexOfLowestRank(pairs: count - 1) {
      symbols[best] = pairs[best].result
      count -= 1
      closeGap(after: best, count: count)
      if best > 0 { pairs[best - 1] = table.merge(symbols[best - 1], symbols[best]) }
      if best < count - 1 { pairs[best] = table.merge(symbols[best], symbols[best + 1]) }
    }
    symbols.removeLast(symbols.count - count)
  }

  private func indexOfLowestRank(pairs count: Int) -> Int? {
    var lowest = MergeTable.never
    var best: Int?
    for index in 0..<count where pairs[index].rank < lowest {
      lowest = pairs[index].rank
      best = index
    }
    return best
  }

  /// Moves what follows the symbol after `index` one place down, so that `count` are left.
  @inline(__always)
  private mutating func closeGap(after index: Int, count: Int) {
    for place in index + 1..<max(count, index + 1) { symbols[place] = symbols[place + 1] }
    for place in index..<max(count - 1, index) { pairs[place] = pairs[place + 1] }
  }
}

// MARK: - Long words

extension BytePairMerger {
  /// Takes time by the symbols and the logarithm of their number.
  private mutating func mergeSorting() {
    chain.link(symbols.count)
    waiting.removeAll()
    for index in 1..<symbols.count {
      waiting.push(table.merge(symbols[index - 1], symbols[index]).rank, index - 1)
    }
    while let (wantedRank, index) = waiting.pop() {
      // A pair that has changed since it was pushed has been pushed again if it still merges.
      guard let right = chain.right(of: index) else { continue }
      let merge = table.merge(symbols[index], symbols[right])
      guard merge.rank == wantedRank else { continue }
      symbols[index] = merge.result
      chain.join(index, right)
      push(chain.left(of: index), index)
      push(index, chain.right(of: index))
    }
    keepChained()
  }

  private mutating func push(_ left: Int?, _ right: Int?) {
    guard let left, let right else { return }
    waiting.push(table.merge(symbols[left], symbols[right]).rank, left)
  }

  private mutating func keepChained() {
    var count = 0
    var index: Int? = 0
    while let here = index {
      symbols[count] = symbols[here]
      count += 1
      index = chain.right(of: here)
    }
    symbols.removeLast(symbols.count - count)
  }
}

/// Which symbols of a word are neighbours, so that two of them are joined without moving others.
private struct SymbolChain {
  private var next: [Int32] = []
  private var previous: [Int32] = []

  private static let none: Int32 = -1
  private static let gone: Int32 = -2

  mutating func link(_ count: Int) {
    let count = Int32(truncatingIfNeeded: count)
    next.removeAll(keepingCapacity: true)
    previous.removeAll(keepingCapacity: true)
    for index in 0..<count {
      next.append(index + 1 < count ? index + 1 : Self.none)
      previous.append(index - 1)
    }
  }

  func right(of index: Int) -> Int? { next[index] >= 0 ? Int(next[index]) : nil }
  func left(of index: Int) -> Int? { previous[index] >= 0 ? Int(previous[index]) : nil }

  /// Takes `right` out; `left` now stands for both.
  mutating func join(_ left: Int, _ right: Int) {
    next[left] = next[right]
    if let after = self.right(of: left) { previous[after] = Int32(truncatingIfNeeded: left) }
    next[right] = Self.gone
  }
}

/// A binary heap of pairs, lowest rank first and of those the leftmost.
private struct Heap {
  /// The rank in the upper half, the place in the lower.
  private var keys: [UInt64] = []

  mutating func removeAll() { keys.removeAll(keepingCapacity: true) }

  mutating func push(_ rank: UInt32, _ index: Int) {
    guard rank != MergeTable.never else { return }
    keys.append(UInt64(rank) << 32 | UInt64(truncatingIfNeeded: index))
    var child = keys.count - 1
    while child > 0, keys[child] < keys[(child - 1) / 2] {
      keys.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func pop() -> (rank: UInt32, index: Int)? {
    guard let top = keys.first, let last = keys.popLast() else { return nil }
    if !keys.isEmpty {
      keys[0] = last
      sink()
    }
    return (UInt32(truncatingIfNeeded: top >> 32), Int(top & 0xFFFF_FFFF))
  }

  private mutating func sink() {
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < keys.count else { return }
      if child + 1 < keys.count, keys[child + 1] < keys[child] { child += 1 }
      guard keys[child] < keys[parent] else { return }
      keys.swapAt(child, parent)
      parent = child
    }
  }
}
