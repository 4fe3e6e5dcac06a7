/// Finds tokens that are taken whole wherever their text occurs: leftmost first, then longest.
struct SpecialTokenMatcher {
  struct Match {
    let id: Int32
    let range: Range<Int>
  }

  private struct Entry {
    let text: [UInt8]
    let id: Int32
  }

  /// By first byte, longest first.
  private var entries: [[Entry]] = Array(repeating: [], count: 256)
  private(set) var isEmpty = true

  init(_ tokens: some Sequence<(text: String, id: Int32)>) {
    for (text, id) in tokens {
      let bytes = Array(text.utf8)
      guard let first = bytes.first else { continue }
      entries[Int(first)].append(Entry(text: bytes, id: id))
      isEmpty = false
    }
    for first in entries.indices {
      entries[first].sort { ($1.text.count, $0.id) < ($0.text.count, $1.id) }
    }
  }

  /// The first match in `bytes[start...]`.
  func first(in bytes: [UInt8], from start: Int) -> Match? {
    guard !isEmpty else { return nil }
    for index in start..<bytes.count {
      let candidates = entries[Int(bytes[index])]
      guard !candidates.isEmpty else { continue }
      for entry in candidates where bytes[index...].starts(with: entry.text) {
        return Match(id: entry.id, range: index..<index + entry.text.count)
      }
    }
    return nil
  }
}
