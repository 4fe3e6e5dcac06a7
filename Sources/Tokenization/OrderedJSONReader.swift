/// Reads JSON front to back, by bytes.
struct OrderedJSONReader {
  /// Deeper nesting is refused, so that a file of brackets cannot use up the stack.
  static let deepest = 64

  private let bytes: [UInt8]
  private var position = 0
  private var depth = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  mutating func document() throws(OrderedJSONError) -> OrderedJSON {
    let value = try value()
    skipSpace()
    guard position == bytes.count else { throw failure("something follows the value") }
    return value
  }

  private func failure(_ problem: String) -> OrderedJSONError {
    OrderedJSONError(offset: position, problem: problem)
  }

  private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || (0x09...0x0D).contains(byte) { position += 1 }
  }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard current == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(OrderedJSONError) {
    guard skip(character) else { throw failure("`\(character)` is missing") }
  }

  private mutating func value() throws(OrderedJSONError) -> OrderedJSON {
    skipSpace()
    switch current {
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "{"):
      return try nested { reader throws(OrderedJSONError) in try reader.object() }
    case UInt8(ascii: "["):
      return try nested { reader throws(OrderedJSONError) in try reader.array() }
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case nil: throw failure("the text ends where a value should be")
    default: return try number()
    }
  }

  private mutating func nested(
    _ read: (inout OrderedJSONReader) throws(OrderedJSONError) -> OrderedJSON
  ) throws(OrderedJSONError) -> OrderedJSON {
    guard depth < Self.deepest else { throw failure("nested deeper than \(Self.deepest)") }
    depth += 1
    position += 1
    let value = try read(&self)
    depth -= 1
    return value
  }

  private mutating func object() throws(OrderedJSONError) -> OrderedJSON {
    var members: [OrderedJSON.Member] = []
    if skip("}") { return .object(members) }
    repeat {
      skipSpace()
      guard current == UInt8(ascii: "\"") else { throw failure("a member's name is missing") }
      let key = try string()
      try expect(":")
      members.append(.init(key: key, value: try value()))
    } while skip(",")
    try expect("}")
    return .object(members)
  }

  private mutating func array() throws(OrderedJSONError) -> OrderedJSON {
    var values: [OrderedJSON] = []
    if skip("]") { return .array(values) }
    repeat { values.append(try value()) } while skip(",")
    try expect("]")
    return .array(values)
  }

  private mutating func word(
    _ text: String, _ value: OrderedJSON
  ) throws(OrderedJSONError) -> OrderedJSON {
    guard bytes[position...].starts(with: text.utf8) else { throw failure("unknown word") }
    position += text.utf8.count
    return value
  }

  private mutating func number() throws(OrderedJSONError) -> OrderedJSON {
    let start = position
    while let byte = current, Self.isPartOfNumber(byte) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if let integer = Int(text) { return .integer(integer) }
    if let number = Double(text) { return .number(number) }
    position = start
    throw failure("neither a value nor a number")
  }

  private static func isPartOfNumber(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"),
      UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
      true
    default: false
    }
  }
}

// MARK: - Strings

extension OrderedJSONReader {
  private mutating func string() throws(OrderedJSONError) -> String {
    position += 1
    let start = position
    while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
      position += 1
    }
    if current == UInt8(ascii: "\"") {
      defer { position += 1 }
      return try text(bytes[start..<position])
    }
    return try escapedString(after: Array(bytes[start..<position]))
  }

  private mutating func escapedString(after beginning: [UInt8]) throws(OrderedJSONError) -> String {
    var content = beginning
    while let byte = current {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return try text(content[...])
      case UInt8(ascii: "\\"): content += String(try escape()).utf8
      default: content.append(byte)
      }
    }
    throw failure("a string does not end")
  }

  private func text(_ content: ArraySlice<UInt8>) throws(OrderedJSONError) -> String {
    guard let text = String(validating: content, as: UTF8.self) else {
      throw failure("a string is not UTF-8")
    }
    return text
  }

  private mutating func escape() throws(OrderedJSONError) -> Unicode.Scalar {
    guard let byte = current else { throw failure("a string does not end") }
    position += 1
    switch byte {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "u"): return try escapedScalar()
    default: throw failure("unknown escape")
    }
  }

  /// What follows `\u`: one unit, or the two of a surrogate pair.
  private mutating func escapedScalar() throws(OrderedJSONError) -> Unicode.Scalar {
    let first = try hexUnit()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard first < 0xDC00, bytes[position...].starts(with: "\\u".utf8) else {
      throw failure("half of a surrogate pair")
    }
    position += 2
    let second = try hexUnit()
    guard (0xDC00...0xDFFF).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw failure("half of a surrogate pair") }
    return scalar
  }

  private mutating func hexUnit() throws(OrderedJSONError) -> UInt32 {
    guard bytes.count - position >= 4 else { throw failure("`\\u` needs four digits") }
    var value: UInt32 = 0
    for byte in bytes[position..<position + 4] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw failure("`\\u` needs four digits")
      }
      value = value << 4 | UInt32(digit)
    }
    position += 4
    return value
  }
}
