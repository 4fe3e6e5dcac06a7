/// Many byte strings in one piece of memory, and a way to find one by its bytes.
struct ByteStrings {
  private(set) var bytes: [UInt8] = []
  /// String `i` is `bytes[starts[i]..<starts[i + 1]]`.
  private var starts: [Int32] = [0]

  var count: Int { starts.count - 1 }

  func range(_ index: Int) -> Range<Int> { Int(starts[index])..<Int(starts[index + 1]) }

  subscript(index: Int) -> ArraySlice<UInt8> { bytes[range(index)] }

  mutating func append(_ string: some Sequence<UInt8>) {
    bytes.append(contentsOf: string)
    endString()
  }

  /// Lets `write` append the bytes of the next string.
  mutating func append(writing write: (inout [UInt8]) -> Void) {
    write(&bytes)
    endString()
  }

  private mutating func endString() { starts.append(Int32(truncatingIfNeeded: bytes.count)) }
}

/// Finds an id by the bytes of its string: a hash table with open addressing.
struct ByteStringIndex {
  private var slots: [Int32]
  private let mask: Int

  private static let empty: Int32 = -1

  init(capacity: Int) {
    mask = powerOfTwo(holding: capacity) - 1
    slots = Array(repeating: Self.empty, count: mask + 1)
  }

  /// Adds string `id` of `strings`; of equal strings the first stays.
  mutating func insert(_ id: Int, of strings: ByteStrings) {
    let range = strings.range(id)
    var slot = hash(strings.bytes, range)
    while slots[slot] != Self.empty {
      if equal(strings, Int(slots[slot]), strings.bytes, range) { return }
      slot = (slot + 1) & mask
    }
    slots[slot] = Int32(truncatingIfNeeded: id)
  }

  /// The id of the string that equals `bytes[range]`.
  func find(_ bytes: [UInt8], _ range: Range<Int>, in strings: ByteStrings) -> Int32? {
    var slot = hash(bytes, range)
    while slots[slot] != Self.empty {
      if equal(strings, Int(slots[slot]), bytes, range) { return slots[slot] }
      slot = (slot + 1) & mask
    }
    return nil
  }

  private func equal(
    _ strings: ByteStrings, _ id: Int, _ bytes: [UInt8], _ range: Range<Int>
  ) -> Bool {
    let candidate = strings.range(id)
    guard candidate.count == range.count else { return false }
    for offset in 0..<range.count
    where strings.bytes[candidate.lowerBound + offset] != bytes[range.lowerBound + offset] {
      return false
    }
    return true
  }

  /// FNV-1a, folded.
  private func hash(_ bytes: [UInt8], _ range: Range<Int>) -> Int {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for index in range { hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01B3 }
    return Int(truncatingIfNeeded: hash ^ hash >> 29) & mask
  }
}

/// The size of a hash table that is at most half full with `count` entries.
func powerOfTwo(holding count: Int) -> Int {
  var size = 16
  while size < count * 2 { size *= 2 }
  return size
}
