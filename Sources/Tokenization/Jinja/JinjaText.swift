/// Strings as Python sees them: sequences of scalars, compared exactly. (Swift's own `Character`
/// joins a carriage return and a line feed, and its `==` takes different spellings for the same.)
extension JinjaString {
  func contains(_ part: JinjaString) -> Bool { !text.places(of: part.text, limit: 1).isEmpty }

  /// Where `part` first occurs, in characters; with `last`, where it last does. −1 if nowhere.
  func place(of part: JinjaString, last: Bool) -> Int {
    let places =
      last
      ? text.places(of: part.text, overlapping: true) : text.places(of: part.text, limit: 1)
    guard let place = last ? places.last : places.first else { return -1 }
    return text.utf8.prefix(place).count { $0 & 0xC0 != 0x80 }
  }

  func hasPrefix(_ part: JinjaString) -> Bool { text.utf8.starts(with: part.text.utf8) }

  func hasSuffix(_ part: JinjaString) -> Bool {
    text.utf8.reversed().starts(with: part.text.utf8.reversed())
  }

  /// The parts between occurrences of `separator`, which must not be empty; at most `limit` cuts.
  func parts(between separator: JinjaString, limit: Int = .max) -> [JinjaString] {
    var parts: [JinjaString] = []
    var start = 0
    for place in text.places(of: separator.text, limit: limit) {
      parts.append(self[bytes: start..<place])
      start = place + separator.byteCount
    }
    return parts + [self[bytes: start..<byteCount]]
  }

  /// The words between white space; at most `limit` cuts.
  func words(limit: Int = .max) -> [JinjaString] {
    var words: [JinjaString] = []
    var start: Int?
    var place = 0
    for scalar in text.unicodeScalars {
      if !scalar.properties.isWhitespace {
        start = start ?? place
      } else if let begun = start, words.count < limit {
        words.append(self[bytes: begun..<place])
        start = nil
      }
      place += UTF8.width(scalar)
    }
    if let start { words.append(self[bytes: start..<byteCount]) }
    return words
  }

  /// The lines, without their ends; an end at the very end makes no further line.
  var lines: [JinjaString] {
    var lines: [JinjaString] = []
    var (start, place) = (0, 0)
    var previous: Unicode.Scalar?
    for scalar in text.unicodeScalars {
      let end = place
      place += UTF8.width(scalar)
      if scalar == "\n", previous == "\r" {
        start = place
      } else if scalar == "\n" || scalar == "\r" {
        lines.append(self[bytes: start..<end])
        start = place
      }
      previous = scalar
    }
    return start < byteCount ? lines + [self[bytes: start..<byteCount]] : lines
  }

  /// Without the characters of `unwanted` (white space if nil) at the chosen ends.
  func stripped(of unwanted: JinjaString? = nil, left: Bool = true, right: Bool = true)
    -> JinjaString
  {
    let set = unwanted.map { Set($0.text.unicodeScalars) }
    func goes(_ scalar: Unicode.Scalar) -> Bool {
      set?.contains(scalar) ?? scalar.properties.isWhitespace
    }
    var rest = text.unicodeScalars[...]
    if left { rest = rest.drop(while: goes) }
    while right, let last = rest.last, goes(last) { rest.removeLast() }
    let start = text.utf8.distance(from: text.startIndex, to: rest.startIndex)
    return self[bytes: start..<start + Substring(rest).utf8.count]
  }

  // MARK: Case

  /// Whether there are letters with case, and all of them are small.
  var isLowercase: Bool { self == lowercased && self != uppercased }
  /// Whether there are letters with case, and all of them are capital.
  var isUppercase: Bool { self == uppercased && self != lowercased }

  var uppercased: JinjaString { mapCharacters(\.properties.uppercaseMapping) }
  var lowercased: JinjaString { mapCharacters(\.properties.lowercaseMapping) }

  var capitalized: JinjaString {
    var isFirst = true
    return mapCharacters { scalar in
      defer { isFirst = false }
      return isFirst ? scalar.properties.titlecaseMapping : scalar.properties.lowercaseMapping
    }
  }

  /// Every word with a capital and then small letters. Words begin after each character that
  /// `isGap`: for Python's method all that are no letters, for Jinja's filter some signs only.
  func titled(after isGap: (Unicode.Scalar) -> Bool) -> JinjaString {
    var startsWord = true
    return mapCharacters { scalar in
      defer { startsWord = isGap(scalar) }
      return startsWord ? scalar.properties.titlecaseMapping : scalar.properties.lowercaseMapping
    }
  }
}

extension String {
  /// Where `part` occurs in the UTF-8 bytes; an empty one only at the beginning.
  fileprivate func places(
    of part: String, limit: Int = .max, overlapping: Bool = false
  ) -> [Int] {
    let (bytes, part) = (Array(utf8), Array(part.utf8))
    guard let first = part.first else { return [0] }
    var places: [Int] = []
    var place = 0
    while places.count < limit, place + part.count <= bytes.count {
      if bytes[place] == first, bytes[place...].starts(with: part) {
        places.append(place)
        place += overlapping ? 1 : part.count
      } else {
        place += 1
      }
    }
    return places
  }
}
