/// Two texts with what is not in the other marked, by words.
enum WordDiff {
  /// Texts of more words than this, multiplied, are shown without marks: the table would be large.
  static let mostCells = 400_000

  struct Piece: Equatable {
    var words: String
    /// Whether the other text has it in this place, too.
    var isCommon: Bool
  }

  /// A longest common subsequence of words decides what is common; white space goes with the word
  /// before it. Time and memory are the product of the numbers of words.
  static func pieces(_ first: String, _ second: String) -> (first: [Piece], second: [Piece]) {
    let (a, b) = (parts(of: first), parts(of: second))
    guard a.count * b.count <= mostCells else {
      return ([Piece(words: first, isCommon: true)], [Piece(words: second, isCommon: true)])
    }
    let common = common(a.map(\.word), b.map(\.word))
    return (merged(a, common.first), merged(b, common.second))
  }

  private struct Part {
    var word: Substring
    var text: Substring
  }

  private static func parts(of text: String) -> [Part] {
    var parts: [Part] = []
    var rest = text[...]
    while !rest.isEmpty {
      let word = rest.prefix { !$0.isWhitespace }
      let space = rest[word.endIndex...].prefix(while: \.isWhitespace)
      parts.append(Part(word: word, text: rest[word.startIndex..<space.endIndex]))
      rest = rest[space.endIndex...]
    }
    return parts
  }

  /// Which places of either are part of the longest common subsequence.
  private static func common(
    _ a: [Substring], _ b: [Substring]
  ) -> (first: Set<Int>, second: Set<Int>) {
    let width = b.count + 1
    var longest = [Int32](repeating: 0, count: (a.count + 1) * width)
    for i in a.indices.reversed() {
      for j in b.indices.reversed() {
        longest[i * width + j] =
          a[i] == b[j]
          ? longest[(i + 1) * width + j + 1] + 1
          : max(longest[(i + 1) * width + j], longest[i * width + j + 1])
      }
    }
    var (first, second): (Set<Int>, Set<Int>) = ([], [])
    var (i, j) = (0, 0)
    while i < a.count, j < b.count {
      if a[i] == b[j] {
        first.insert(i)
        second.insert(j)
        (i, j) = (i + 1, j + 1)
      } else if longest[(i + 1) * width + j] >= longest[i * width + j + 1] {
        i += 1
      } else {
        j += 1
      }
    }
    return (first, second)
  }

  private static func merged(_ parts: [Part], _ common: Set<Int>) -> [Piece] {
    var pieces: [Piece] = []
    for (place, part) in parts.enumerated() {
      let isCommon = common.contains(place)
      if pieces.last?.isCommon == isCommon {
        pieces[pieces.count - 1].words += part.text
      } else {
        pieces.append(Piece(words: String(part.text), isCommon: isCommon))
      }
    }
    return pieces
  }
}
