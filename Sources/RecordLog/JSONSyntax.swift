/// Tells whether bytes are one JSON value, by the letter of RFC 8259: no trailing commas, no bare
/// words, no ill-formed UTF-8. Allocates nothing for what it reads.
public struct JSONSyntax: ~Escapable {
  /// What is wrong, and at which byte.
  public struct Fault: Error, Equatable, Sendable, CustomStringConvertible {
    public var reason: String
    public var offset: Int
    public var description: String { "\(reason) at byte \(offset + 1)" }
  }

  /// How deep arrays and objects may nest; what most readers take.
  public static let deepest = 512

  private let bytes: RawSpan
  private var at = 0

  @_lifetime(copy bytes)
  private init(_ bytes: RawSpan) { self.bytes = bytes }

  /// Nil where `bytes` are one JSON value with nothing but white space around it.
  public static func fault(in bytes: RawSpan) -> Fault? {
    var syntax = JSONSyntax(bytes)
    do throws(Fault) {
      try syntax.whole()
      return nil
    } catch {
      return error
    }
  }

  @_lifetime(self: copy self)
  private mutating func whole() throws(Fault) {
    try value(depth: 0)
    space()
    guard at == bytes.byteCount else { throw fault("more than one value") }
  }

  @_lifetime(self: copy self)
  private mutating func value(depth: Int) throws(Fault) {
    space()
    guard depth < Self.deepest else { throw fault("nested too deeply") }
    switch peek() {
    case nil: throw fault("ends where a value should be")
    case UInt8(ascii: "{"): try members(depth: depth)
    case UInt8(ascii: "["): try elements(depth: depth)
    case UInt8(ascii: "\""): try string()
    case UInt8(ascii: "t"): try word("true")
    case UInt8(ascii: "f"): try word("false")
    case UInt8(ascii: "n"): try word("null")
    default: try number()
    }
  }

  @_lifetime(self: copy self)
  private mutating func members(depth: Int) throws(Fault) {
    at += 1
    space()
    if take("}") { return }
    while true {
      space()
      guard peek() == UInt8(ascii: "\"") else { throw fault("no name of a member") }
      try string()
      space()
      guard take(":") else { throw fault("no colon behind a name") }
      try value(depth: depth + 1)
      space()
      if take("}") { return }
      guard take(",") else { throw fault("neither comma nor end of the object") }
    }
  }

  @_lifetime(self: copy self)
  private mutating func elements(depth: Int) throws(Fault) {
    at += 1
    space()
    if take("]") { return }
    while true {
      try value(depth: depth + 1)
      space()
      if take("]") { return }
      guard take(",") else { throw fault("neither comma nor end of the array") }
    }
  }

  @_lifetime(self: copy self)
  private mutating func word(_ word: StaticString) throws(Fault) {
    let start = at
    for index in 0..<word.utf8CodeUnitCount {
      guard peek() == (unsafe word.utf8Start[index]) else {
        at = start
        throw fault("no JSON value")
      }
      at += 1
    }
  }

  @_lifetime(self: copy self)
  private mutating func number() throws(Fault) {
    let start = at
    _ = take("-")
    let isZero = take("0")
    guard isZero || digits() > 0 else {
      at = start
      throw fault("no JSON value")
    }
    if take("."), digits() == 0 { throw fault("no digit behind the point") }
    if take("e") || take("E") {
      _ = take("+") || take("-")
      guard digits() > 0 else { throw fault("no digit in the exponent") }
    }
  }

  @_lifetime(self: copy self)
  private mutating func digits() -> Int {
    let start = at
    while let byte = peek(), byte >= 0x30, byte <= 0x39 { at += 1 }
    return at - start
  }

  @_lifetime(self: copy self)
  private mutating func string() throws(Fault) {
    at += 1
    passPlain()
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "\""):
        at += 1
        return
      case UInt8(ascii: "\\"):
        try escape()
        passPlain()
      case 0..<0x20: throw fault("a control character in a string")
      case 0x20..<0x80: at += 1
      default: try character(byte)
      }
    }
    throw fault("a string without an end")
  }

  /// Passes over eight bytes at a time for as long as all are ASCII with no meaning in a string.
  ///
  /// Of a byte below `n`, subtracting `n` sets the highest bit that it had not set; that a borrow may
  /// report the byte above it as well costs a look, no more.
  @_lifetime(self: copy self)
  private mutating func passPlain() {
    let ones: UInt64 = 0x0101_0101_0101_0101
    while at + 8 <= bytes.byteCount {
      let word = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self)
      let quotes = word ^ (ones &* 0x22)
      let slashes = word ^ (ones &* 0x5C)
      let special =
        ((word &- ones &* 0x20) & ~word) | ((quotes &- ones) & ~quotes)
        | ((slashes &- ones) & ~slashes) | word
      guard special & (ones &* 0x80) == 0 else { return }
      at += 8
    }
  }

  @_lifetime(self: copy self)
  private mutating func escape() throws(Fault) {
    at += 1
    switch peek() {
    case UInt8(ascii: "u"):
      at += 1
      for _ in 0..<4 {
        guard let byte = peek(), Character(UnicodeScalar(byte)).isHexDigit else {
          throw fault("an escape without four digits")
        }
        at += 1
      }
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      at += 1
    default: throw fault("an unknown escape")
    }
  }

  /// One character of two to four bytes: shortest form, no surrogates, nothing above U+10FFFF.
  @_lifetime(self: copy self)
  private mutating func character(_ first: UInt8) throws(Fault) {
    let second: ClosedRange<UInt8>
    let rest: Int
    switch first {
    case 0xC2...0xDF: (second, rest) = (0x80...0xBF, 0)
    case 0xE0: (second, rest) = (0xA0...0xBF, 1)
    case 0xED: (second, rest) = (0x80...0x9F, 1)
    case 0xE1...0xEF: (second, rest) = (0x80...0xBF, 1)
    case 0xF0: (second, rest) = (0x90...0xBF, 2)
    case 0xF4: (second, rest) = (0x80...0x8F, 2)
    case 0xF1...0xF3: (second, rest) = (0x80...0xBF, 2)
    default: throw fault("ill-formed UTF-8")
    }
    at += 1
    guard let byte = peek(), second.contains(byte) else { throw fault("ill-formed UTF-8") }
    at += 1
    for _ in 0..<rest {
      guard let byte = peek(), byte & 0xC0 == 0x80 else { throw fault("ill-formed UTF-8") }
      at += 1
    }
  }

  @_lifetime(self: copy self)
  private mutating func space() {
    while let byte = peek(), byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
      at += 1
    }
  }

  @_lifetime(self: copy self)
  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: character) else { return false }
    at += 1
    return true
  }

  private func peek() -> UInt8? {
    guard at < bytes.byteCount else { return nil }
    return unsafe bytes.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)
  }

  private func fault(_ reason: String) -> Fault { Fault(reason: reason, offset: at) }
}
