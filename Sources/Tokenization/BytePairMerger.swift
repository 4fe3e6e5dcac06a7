/// Merges the symbols of one word until no pair merges any more, always the pair of lowest rank and
/// of those the leftmost. One value serves many words and keeps its memory between them.
struct BytePairMerger {
  /// The symbols of the word: set before, merged after ``mergeAll()``. Negative ones never merge.
  var symbols: [Int32] = []

  private let table: MergeTable
  /// `ranks[i]` is that of the pair of `symbols[i]` and `symbols[i + 1]`.
  private var ranks: [UInt32] = []

  /// Up to this many symbols, looking through all pairs beats keeping them sorted.
  private static let longestScan = 48

  init(table: MergeTable) { self.table = table }

  mutating func mergeAll() {
    guard symbols.count > 1 else { return }
    if symbols.count <= Self.longestScan { mergeScanning() } else { mergeSorting() }
  }

  /// Takes time by the square of the symbols.
  private mutating func mergeScanning() {
    ranks.removeAll(keepingCapacity: true)
    for index in 1..<symbols.count { ranks.append(rank(symbols[index - 1], symbols[index])) }
    while let best = indexOfLowestRank() {
      symbols[best] = table.merge(symbols[best], symbols[best + 1]).result
      symbols.remove(at: best + 1)
      ranks.remove(at: best)
      if best > 0 { ranks[best - 1] = rank(symbols[best - 1], symbols[best]) }
      if best < ranks.count { ranks[best] = rank(symbols[best], symbols[best + 1]) }
    }
  }

  private func rank(_ left: Int32, _ right: Int32) -> UInt32 { table.merge(left, right).rank }

  private func indexOfLowestRank() -> Int? {
    var lowest = MergeTable.never
    var best: Int?
    for index in ranks.indices where ranks[index] < lowest {
      lowest = ranks[index]
      best = index
    }
    return best
  }

  /// Takes time by the symbols and the logarithm of their number.
  private mutating func mergeSorting() {
    var chain = SymbolChain(symbols: symbols)
    var waiting = Heap()
    for index in 1..<symbols.count {
      waiting.push(rank(symbols[index - 1], symbols[index]), index - 1)
    }
    while let (wantedRank, index) = waiting.pop() {
      // A pair that has changed since it was pushed has been pushed again if it still merges.
      guard let right = chain.right(of: index) else { continue }
      let merge = table.merge(chain.symbols[index], chain.symbols[right])
      guard merge.rank == wantedRank else { continue }
      chain.join(index, right, into: merge.result)
      if let left = chain.left(of: index) {
        waiting.push(rank(chain.symbols[left], merge.result), left)
      }
      if let next = chain.right(of: index) {
        waiting.push(rank(merge.result, chain.symbols[next]), index)
      }
    }
    symbols = chain.remaining
  }
}

/// The symbols of a word, linked so that two of them are joined without moving the others.
private struct SymbolChain {
  private(set) var symbols: [Int32]
  private var next: [Int32]
  private var previous: [Int32]

  private static let none: Int32 = -1
  private static let gone: Int32 = -2

  init(symbols: [Int32]) {
    self.symbols = symbols
    let count = Int32(truncatingIfNeeded: symbols.count)
    next = (0..<count).map { $0 + 1 < count ? $0 + 1 : Self.none }
    previous = (0..<count).map { $0 - 1 }
  }

  func right(of index: Int) -> Int? { next[index] >= 0 ? Int(next[index]) : nil }
  func left(of index: Int) -> Int? { previous[index] >= 0 ? Int(previous[index]) : nil }

  mutating func join(_ left: Int, _ right: Int, into symbol: Int32) {
    symbols[left] = symbol
    next[left] = next[right]
    if let after = self.right(of: left) { previous[after] = Int32(truncatingIfNeeded: left) }
    next[right] = Self.gone
  }

  var remaining: [Int32] {
    var result: [Int32] = []
    var index: Int? = 0
    while let here = index {
      result.append(symbols[here])
      index = right(of: here)
    }
    return result
  }
}

/// A binary heap of pairs, lowest rank first and of those the leftmost.
private struct Heap {
  /// The rank in the upper half, the place in the lower.
  private var keys: [UInt64] = []

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
