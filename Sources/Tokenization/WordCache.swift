/// Remembers the ids of short words, so that the common ones are merged only once.
///
/// A table in which each word has one place; a new word takes the place of the old one. What it
/// holds never changes an id, only how soon it is known.
struct WordCache: Sendable {
  /// The bytes of a short word, zeros after them.
  struct Key: Equatable {
    fileprivate var bytes: (UInt64, UInt64, UInt64)
    fileprivate var length: UInt16

    static func == (left: Key, right: Key) -> Bool {
      left.bytes == right.bytes && left.length == right.length
    }
  }

  /// 64 bytes, so that a look touches one cache line or two.
  private struct Entry {
    var key = Key(bytes: (0, 0, 0), length: 0)
    var count: UInt16 = 0
    var ids = InlineArray<9, Int32>(repeating: 0)
  }

  /// Longer words are not remembered. In bytes.
  static let longestWord = 24
  /// How many bytes after a word must be readable: all of a key are read at once.
  static let padding = longestWord

  private static let bitsOfPlace: UInt64 = 14
  private var entries = [Entry](repeating: Entry(), count: 1 << bitsOfPlace)

  /// Appends the ids of the word, if they are known.
  @inline(__always)
  func append(_ key: Key, to ids: inout [Int32]) -> Bool {
    let place = key.place(bits: Self.bitsOfPlace)
    guard entries[place].key == key else { return false }
    for index in 0..<Int(entries[place].count) { ids.append(entries[place].ids[index]) }
    return true
  }

  /// Remembers `ids` for the word, unless they are too many.
  mutating func insert(_ key: Key, _ ids: ArraySlice<Int32>) {
    var entry = Entry()
    guard ids.count <= entry.ids.count else { return }
    entry.key = key
    entry.count = UInt16(truncatingIfNeeded: ids.count)
    for (index, id) in ids.enumerated() { entry.ids[index] = id }
    entries[key.place(bits: Self.bitsOfPlace)] = entry
  }
}

extension WordCache.Key {
  /// The key of `bytes[word]`, which is not empty and at most ``WordCache/longestWord`` long.
  /// ``WordCache/padding`` bytes must follow it.
  @inline(__always)
  init(_ bytes: [UInt8], _ word: Range<Int>) {
    let raw = unsafe bytes.span.bytes
    length = UInt16(truncatingIfNeeded: word.count)
    self.bytes = (
      Self.load(raw, word.lowerBound, of: word.count),
      Self.load(raw, word.lowerBound + 8, of: word.count - 8),
      Self.load(raw, word.lowerBound + 16, of: word.count - 16)
    )
  }

  /// Eight bytes, those after the first `count` as zeros.
  @inline(__always)
  private static func load(_ raw: RawSpan, _ offset: Int, of count: Int) -> UInt64 {
    let all = unsafe raw.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
    let present = UInt64(truncatingIfNeeded: Swift.max(0, Swift.min(8, count)))
    // A shift by 64 gives zero.
    return UInt64(littleEndian: all) & ~(UInt64.max << (present * 8))
  }

  @inline(__always)
  fileprivate func place(bits: UInt64) -> Int {
    var hash = (bytes.0 ^ UInt64(length)) &* 0x9E37_79B9_7F4A_7C15
    hash = (hash ^ hash &>> 29 ^ bytes.1) &* 0xBF58_476D_1CE4_E5B9
    hash = (hash ^ hash &>> 31 ^ bytes.2) &* 0x94D0_49BB_1331_11EB
    return Int(truncatingIfNeeded: hash &>> (64 &- bits))
  }
}
