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

  private struct Entry {
    var key: UInt64
    var merge: Merge
  }

  private var entries: [Entry]
  private let mask: Int

  /// Whether a merge joins the end of a word with the `▁` that begins the next one.
  private(set) var crossesSpaces = false

  private static let empty = UInt64.max
  private static let none = Merge(rank: never, result: -1)

  init(capacity: Int) {
    let size = powerOfTwo(holding: capacity)
    mask = size - 1
    entries = Array(repeating: Entry(key: Self.empty, merge: Self.none), count: size)
  }

  /// Of merges of the same pair the first stays. There must be room for it.
  mutating func insert(_ left: Int32, _ right: Int32, _ merge: Merge) {
    let key = Self.key(left, right)
    var slot = self.slot(key)
    while entries[slot].key != Self.empty {
      if entries[slot].key == key { return }
      slot = (slot + 1) & mask
    }
    entries[slot] = Entry(key: key, merge: merge)
  }

  /// Takes note of what a merge of these texts crosses.
  mutating func note(left: ArraySlice<UInt8>, right: ArraySlice<UInt8>) {
    let space = SegmentEncoder.space
    if right.starts(with: space), !left.suffix(space.count).elementsEqual(space) {
      crossesSpaces = true
    }
  }

  /// The merge of two symbols; its rank is ``never`` if they do not merge.
  func merge(_ left: Int32, _ right: Int32) -> Merge {
    let key = Self.key(left, right)
    var slot = self.slot(key)
    while true {
      let entry = entries[slot]
      if entry.key == key { return entry.merge }
      if entry.key == Self.empty { return Self.none }
      slot = (slot + 1) & mask
    }
  }

  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  private func slot(_ key: UInt64) -> Int {
    let mixed = key &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: mixed ^ mixed >> 32) & mask
  }
}
