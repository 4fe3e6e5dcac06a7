/// Values as text.
extension JinjaValue {
  /// What `{{ value }}` writes.
  var text: JinjaString {
    switch self {
    case .undefined: JinjaString()
    case .string(let text): text
    default: representation
    }
  }

  /// As Python's `repr` has it.
  private var representation: JinjaString {
    switch self {
    case .undefined: "Undefined"
    case .none: "None"
    case .bool(let value): value ? "True" : "False"
    case .int(let value): JinjaString(String(value))
    case .double(let value): JinjaString(String(value))
    case .string(let text): Self.quoted(text)
    case .list(let items): "[" + Self.listed(items) + "]"
    case .tuple(let items): "(" + Self.listed(items) + (items.count == 1 ? ",)" : ")")
    case .dictionary(let dictionary):
      "{"
        + dictionary.members
        .map { $0.key.representation + ": " + $0.value.representation }.joined(with: ", ") + "}"
    case .namespace, .loop, .macro, .function, .method: JinjaString("<\(typeName)>")
    }
  }

  private static func listed(_ items: [JinjaValue]) -> JinjaString {
    items.map(\.representation).joined(with: ", ")
  }

  private static func quoted(_ string: JinjaString) -> JinjaString {
    let scalars = string.text.unicodeScalars
    let quote: Unicode.Scalar = scalars.contains("'") && !scalars.contains("\"") ? "\"" : "'"
    let inside = string.mapCharacters { scalar in
      switch scalar {
      case "\\", quote: "\\\(scalar)"
      case "\n": "\\n"
      case "\r": "\\r"
      case "\t": "\\t"
      case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}": "\\x" + hexadecimal(scalar.value, digits: 2)
      default: String(scalar)
      }
    }
    return JinjaString(String(quote)) + inside + JinjaString(String(quote))
  }

  fileprivate static func hexadecimal(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }
}

// MARK: - JSON

/// Writes values as Python's `json.dumps` does.
struct JinjaJSONWriter {
  /// Spaces per level; nil writes all on one line.
  var indent: Int?
  /// Between items; where nil a comma, and a space if all is on one line.
  var itemSeparator: JinjaString?
  var keySeparator: JinjaString = ": "
  var sortsKeys = false
  /// Whether characters beyond ASCII are written as escapes.
  var escapesUnicode = false

  /// Nil for values that JSON has not.
  func json(_ value: JinjaValue, level: Int = 0) -> JinjaString? {
    switch value {
    case .none: "null"
    case .bool(let value): value ? "true" : "false"
    case .int(let value): JinjaString(String(value))
    case .double(let value): JinjaString(String(value))
    case .string(let text): quoted(text)
    case .list(let items), .tuple(let items):
      enclosed(items.map { json($0, level: level + 1) }, "[", "]", level)
    case .dictionary(let dictionary):
      enclosed(members(of: dictionary).map { member($0, level: level + 1) }, "{", "}", level)
    default: nil
    }
  }

  private typealias Member = (key: JinjaValue, value: JinjaValue)

  private func members(of dictionary: JinjaDictionary) -> [Member] {
    guard sortsKeys else { return dictionary.members }
    return dictionary.members.sorted { $0.key.isLess(than: $1.key) ?? false }
  }

  private func member(_ member: Member, level: Int) -> JinjaString? {
    guard let value = json(member.value, level: level) else { return nil }
    let key = json(member.key)
    if case .string = member.key { return key.map { $0 + keySeparator + value } }
    return key.map { "\"" + $0 + "\"" + keySeparator + value }
  }

  private func enclosed(
    _ parts: [JinjaString?], _ open: JinjaString, _ close: JinjaString, _ level: Int
  ) -> JinjaString? {
    let present = parts.compactMap(\.self)
    guard present.count == parts.count else { return nil }
    guard let indent, !parts.isEmpty else {
      return open + present.joined(with: itemSeparator ?? (indent == nil ? ", " : ",")) + close
    }
    let outer = JinjaString("\n" + String(repeating: " ", count: indent * level))
    let inner = outer + JinjaString(String(repeating: " ", count: indent))
    return open + inner + present.joined(with: (itemSeparator ?? ",") + inner) + outer + close
  }

  private func quoted(_ string: JinjaString) -> JinjaString {
    let inside = string.mapCharacters { scalar in
      switch scalar {
      case "\"", "\\": "\\\(scalar)"
      case "\n": "\\n"
      case "\r": "\\r"
      case "\t": "\\t"
      case "\u{8}": "\\b"
      case "\u{C}": "\\f"
      case "\u{0}"..."\u{1F}": Self.escape(scalar)
      case "\u{7F}"... where escapesUnicode && scalar.value > 0x7F: Self.escape(scalar)
      default: String(scalar)
      }
    }
    return "\"" + inside + "\""
  }

  private static func escape(_ scalar: Unicode.Scalar) -> String {
    UTF16.encode(scalar).map { units in
      units.map { "\\u" + JinjaValue.hexadecimal(UInt32($0), digits: 4) }.joined()
    } ?? ""
  }
}
