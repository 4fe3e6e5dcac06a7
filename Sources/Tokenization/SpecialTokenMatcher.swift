/// Finds tokens that are taken whole wherever their text occurs: leftmost first, then longest.
struct SpecialTokenMatcher {
  struct Match {
    let id: Int32
    let range: Range<Int>
  }

  private struct Entry {
    let text: [UInt8]
    let id: Int32
    /// Whether it is recognised in foreign text, too.
    let isText: Bool
  }

  /// Longest first within each first byte.
  private var entries: [Entry] = []
  /// By first byte.
  private var candidates: [Range<Int>] = Array(repeating: 0..<0, count: 256)
  /// By byte, whether an entry begins with it.
  private var isFirst = [Bool](repeating: false, count: 256)

  /// Matches the control and unknown tokens of `definition`, and those that users have defined.
  init(_ definition: TokenizerDefinition) {
    let types: Set<TokenType> = [.control, .unknown, .userDefined]
    for (id, type) in definition.types.enumerated() where types.contains(type) {
      let text = Array(definition.tokens[id].utf8)
      guard !text.isEmpty else { continue }
      entries.append(
        Entry(text: text, id: Int32(truncatingIfNeeded: id), isText: type == .userDefined))
    }
    entries.sort { ($0.text[0], $1.text.count, $0.id) < ($1.text[0], $0.text.count, $1.id) }
    for (index, entry) in entries.enumerated() {
      let first = Int(entry.text[0])
      candidates[first] = (isFirst[first] ? candidates[first].lowerBound : index)..<index + 1
      isFirst[first] = true
    }
  }

  /// The first match in `bytes[start...]`.
  ///
  /// - Parameter foreign: ranges of `bytes`, in order, in which only tokens that users have defined
  ///   are recognised. Those that end before `start` are dropped.
  func first(
    in bytes: [UInt8], from start: Int, foreign: inout ArraySlice<Range<Int>>
  ) -> Match? {
    guard !entries.isEmpty else { return nil }
    for index in start..<bytes.count where isFirst[Int(bytes[index])] {
      while let range = foreign.first, range.upperBound <= index { foreign.removeFirst() }
      for entry in entries[candidates[Int(bytes[index])]] {
        let end = index + entry.text.count
        guard end <= bytes.count, bytes[index..<end].elementsEqual(entry.text) else { continue }
        if entry.isText || foreign.first.map({ $0.lowerBound >= end }) ?? true {
          return Match(id: entry.id, range: index..<end)
        }
      }
    }
    return nil
  }
}
