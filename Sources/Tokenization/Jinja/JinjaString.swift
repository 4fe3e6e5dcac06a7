/// A string while a template is rendered. It knows which of its parts came from outside.
///
/// What a message brings is _foreign_: it must not be able to write a control token. Every
/// operation keeps the account, so that it still holds for the whole text at the end. Comparing
/// strings looks at their text alone.
struct JinjaString: Sendable {
  private(set) var text = ""
  /// The foreign parts as offsets in UTF-8: in order, none empty, none touching another.
  private(set) var foreign: [Range<Int>] = []

  init() {}

  init(_ text: some StringProtocol, isForeign: Bool = false) {
    self.text = String(text)
    if isForeign, !text.isEmpty { foreign = [0..<byteCount] }
  }

  var byteCount: Int { text.utf8.count }
  var isEmpty: Bool { text.isEmpty }
}

extension JinjaString: ExpressibleByStringLiteral {
  init(stringLiteral text: String) { self.init(text) }
}

extension JinjaString: Equatable {
  static func == (left: JinjaString, right: JinjaString) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }
}

// MARK: - Putting together

extension JinjaString {
  static func += (left: inout JinjaString, right: JinjaString) {
    let offset = left.byteCount
    left.text += right.text
    for range in right.foreign {
      left.appendForeign(range.lowerBound + offset..<range.upperBound + offset)
    }
  }

  static func + (left: JinjaString, right: JinjaString) -> JinjaString {
    var result = left
    result += right
    return result
  }

  /// Appends text of the same origin as `piece`.
  mutating func append(_ text: String, like piece: Piece) {
    self += JinjaString(text, isForeign: piece.isForeign)
  }

  private mutating func appendForeign(_ range: Range<Int>) {
    guard let last = foreign.last, last.upperBound == range.lowerBound else {
      return foreign.append(range)
    }
    foreign[foreign.count - 1] = last.lowerBound..<range.upperBound
  }
}

extension Sequence<JinjaString> {
  func joined(with separator: JinjaString = JinjaString()) -> JinjaString {
    var result = JinjaString()
    for (index, part) in enumerated() {
      if index > 0 { result += separator }
      result += part
    }
    return result
  }
}

// MARK: - Taking apart

extension JinjaString {
  /// A stretch of one origin.
  struct Piece {
    let text: Substring
    let isForeign: Bool
  }

  /// All of the string, from left to right.
  var pieces: [Piece] {
    var pieces: [Piece] = []
    var place = 0
    for range in foreign {
      if place < range.lowerBound { pieces.append(piece(place..<range.lowerBound, false)) }
      pieces.append(piece(range, true))
      place = range.upperBound
    }
    if place < byteCount { pieces.append(piece(place..<byteCount, false)) }
    return pieces
  }

  private func piece(_ range: Range<Int>, _ isForeign: Bool) -> Piece {
    Piece(text: substring(range), isForeign: isForeign)
  }

  private func substring(_ range: Range<Int>) -> Substring {
    let start = text.utf8.index(text.startIndex, offsetBy: range.lowerBound)
    return text[start..<text.utf8.index(start, offsetBy: range.count)]
  }

  /// The part at offsets in UTF-8, which must lie between characters. O(length of the part).
  subscript(bytes range: Range<Int>) -> JinjaString {
    guard range != 0..<byteCount else { return self }
    var part = JinjaString(substring(range))
    var index = indexOfForeign(endingAfter: range.lowerBound)
    while index < foreign.count, foreign[index].lowerBound < range.upperBound {
      let shared = foreign[index].clamped(to: range)
      part.foreign.append(
        shared.lowerBound - range.lowerBound..<shared.upperBound - range.lowerBound)
      index += 1
    }
    return part
  }

  /// The first foreign part that ends after `offset`.
  private func indexOfForeign(endingAfter offset: Int) -> Int {
    var (low, high) = (0, foreign.count)
    while low < high {
      let middle = (low + high) / 2
      if foreign[middle].upperBound > offset { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// The characters, each a string of its own.
  var characters: [JinjaString] {
    var place = 0
    return text.unicodeScalars.map { scalar in
      let start = place
      place += UTF8.width(scalar)
      return self[bytes: start..<place]
    }
  }

  /// The string with each character replaced by what `change` makes of it.
  func mapCharacters(_ change: (Unicode.Scalar) -> String) -> JinjaString {
    var result = JinjaString()
    for piece in pieces {
      var text = ""
      for scalar in piece.text.unicodeScalars { text += change(scalar) }
      result.append(text, like: piece)
    }
    return result
  }
}
