/// Strings as Python sees them: sequences of scalars, compared exactly. (Swift's own `Character`
/// joins a carriage return and a line feed, and its `==` takes different spellings for the same.)
extension String {
  /// Where `part` first occurs in the UTF-8 bytes.
  func firstPlace(of part: String) -> Int? {
    Array(utf8).firstPlace(of: Array(part.utf8), from: 0)
  }

  /// The parts between occurrences of `separator`, which must not be empty; at most `limit` cuts.
  func parts(between separator: String, limit: Int = .max) -> [String] {
    let (bytes, separator) = (Array(utf8), Array(separator.utf8))
    var parts: [String] = []
    var start = 0
    while parts.count < limit, let place = bytes.firstPlace(of: separator, from: start) {
      parts.append(String(decoding: bytes[start..<place], as: UTF8.self))
      start = place + separator.count
    }
    return parts + [String(decoding: bytes[start...], as: UTF8.self)]
  }

  /// The words between white space.
  var words: [String] {
    unicodeScalars.split { $0.properties.isWhitespace }.map { String($0) }
  }

  /// Without the characters of `unwanted` (white space if nil) at the chosen ends.
  func stripped(of unwanted: String? = nil, left: Bool = true, right: Bool = true) -> String {
    let set = unwanted.map { Set($0.unicodeScalars) }
    func goes(_ scalar: Unicode.Scalar) -> Bool {
      set?.contains(scalar) ?? scalar.properties.isWhitespace
    }
    var rest = unicodeScalars[...]
    if left { rest = rest.drop(while: goes) }
    while right, let last = rest.last, goes(last) { rest.removeLast() }
    return String(rest)
  }

  /// Every word with a capital and then small letters. Words begin after each character that
  /// `isGap`: for Python's method all that are no letters, for Jinja's filter some signs only.
  func titled(after isGap: (Unicode.Scalar) -> Bool) -> String {
    var result = ""
    var startsWord = true
    for scalar in unicodeScalars {
      let properties = scalar.properties
      result += startsWord ? properties.titlecaseMapping : properties.lowercaseMapping
      startsWord = isGap(scalar)
    }
    return result
  }
}

extension [UInt8] {
  fileprivate func firstPlace(of part: [UInt8], from start: Int) -> Int? {
    guard let first = part.first else { return start }
    guard count - start >= part.count else { return nil }
    for place in start...(count - part.count)
    where self[place] == first && self[place...].starts(with: part) {
      return place
    }
    return nil
  }
}

// MARK: - Values as text

extension JinjaValue {
  /// What `{{ value }}` writes.
  var text: String {
    switch self {
    case .undefined: ""
    case .string(let text): text
    default: representation
    }
  }

  /// As Python's `repr` has it.
  private var representation: String {
    switch self {
    case .undefined: "Undefined"
    case .none: "None"
    case .bool(let value): value ? "True" : "False"
    case .int(let value): String(value)
    case .double(let value): String(value)
    case .string(let text): Self.quoted(text)
    case .list(let items): "[" + Self.listed(items) + "]"
    case .tuple(let items): "(" + Self.listed(items) + (items.count == 1 ? ",)" : ")")
    case .dictionary(let dictionary):
      "{"
        + dictionary.members
        .map { "\($0.key.representation): \($0.value.representation)" }.joined(separator: ", ")
        + "}"
    case .namespace, .loop, .macro, .function, .method: "<\(typeName)>"
    }
  }

  private static func listed(_ items: [JinjaValue]) -> String {
    items.map(\.representation).joined(separator: ", ")
  }

  private static func quoted(_ text: String) -> String {
    let quote: Unicode.Scalar = text.contains("'") && !text.contains("\"") ? "\"" : "'"
    var result = String(quote)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\", quote: result += "\\\(scalar)"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + String(quote)
  }
}

// MARK: - JSON

extension JinjaValue {
  /// As `json.dumps` writes it with `ensure_ascii=False`; nil for values that JSON has not.
  ///
  /// - Parameter indent: spaces per level; nil writes all on one line.
  func json(indent: Int? = nil, level: Int = 0) -> String? {
    switch self {
    case .none: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .int(let value): return String(value)
    case .double(let value): return String(value)
    case .string(let text): return Self.jsonString(text)
    case .list(let items), .tuple(let items):
      let parts = items.compactMap { $0.json(indent: indent, level: level + 1) }
      guard parts.count == items.count else { return nil }
      return Self.enclosed(parts, "[", "]", indent, level)
    case .dictionary(let dictionary):
      let parts = dictionary.members.compactMap { member in
        member.value.json(indent: indent, level: level + 1)
          .map { "\(Self.jsonString(member.key.text)): \($0)" }
      }
      guard parts.count == dictionary.members.count else { return nil }
      return Self.enclosed(parts, "{", "}", indent, level)
    default: return nil
    }
  }

  private static func enclosed(
    _ parts: [String], _ open: String, _ close: String, _ indent: Int?, _ level: Int
  ) -> String {
    guard let indent, !parts.isEmpty else { return open + parts.joined(separator: ", ") + close }
    let outer = "\n" + String(repeating: " ", count: indent * level)
    let inner = outer + String(repeating: " ", count: indent)
    return open + inner + parts.joined(separator: "," + inner) + outer + close
  }

  private static func jsonString(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{8}": result += "\\b"
      case "\u{C}": result += "\\f"
      case "\u{0}"..."\u{1F}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
