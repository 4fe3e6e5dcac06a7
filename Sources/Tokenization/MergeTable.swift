/// Which two symbols merge into which, and how early: a hash table with open addressing.
///
/// Symbols are token ids, or larger numbers for characters that have none.
struct MergeTable {
  struct Merge {
    /// The lower, the earlier. Merges of equal rank are done from left to right.
    let rank: UInt32
    let result: Int32
  }

  /// The rank of a pair that does not merge.
  static let never = UInt32.max

  private var keys: [UInt64]
  private var merges: [Merge]
  private let mask: Int

  private static let empty = UInt64.max

  init(capacity: Int) {
    let size = powerOfTwo(holding: capacity)
    mask = size - 1
    keys = Array(repeating: Self.empty, count: size)
    merges = Array(repeating: Merge(rank: Self.never, result: -1), count: size)
  }

  /// Of merges of the same pair the first stays. There must be room for it.
  mutating func insert(_ left: Int32, _ right: Int32, _ merge: Merge) {
    let key = Self.key(left, right)
    var slot = self.slot(key)
    while keys[slot] != Self.empty {
      if keys[slot] == key { return }
      slot = (slot + 1) & mask
    }
    keys[slot] = key
    merges[slot] = merge
  }

  /// The merge of two symbols; its rank is ``never`` if they do not merge.
  func merge(_ left: Int32, _ right: Int32) -> Merge {
    let key = Self.key(left, right)
    var slot = self.slot(key)
    while keys[slot] != Self.empty {
      if keys[slot] == key { return merges[slot] }
      slot = (slot + 1) & mask
    }
    return Merge(rank: Self.never, result: -1)
  }

  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  private func slot(_ key: UInt64) -> Int {
    let mixed = key &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: mixed ^ mixed >> 32) & mask
  }
}
