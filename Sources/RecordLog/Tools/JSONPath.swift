import Foundation

/// A place in a JSON value: `.name`, `."any name"` and `[3]` one behind the other; `.` is the whole.
public struct JSONPath: Hashable, Sendable {
  public enum Step: Hashable, Sendable {
    case member(String)
    case element(Int)
  }

  public var steps: [Step]

  public init(_ steps: [Step]) { self.steps = steps }

  /// The value there; nil where there is none. Only this value is decoded, the rest is passed over.
  ///
  /// Of members with the same name the last one counts.
  /// - Parameter json: one well-formed value, see ``JSONSyntax``; of anything else the result means
  ///   nothing.
  public func value(in json: [UInt8]) -> JSONValue? {
    var scan = JSONScan(json)
    for step in steps {
      let isThere =
        switch step {
        case .member(let name): scan.enter(member: name)
        case .element(let index): scan.enter(element: index)
        }
      guard isThere else { return nil }
    }
    return scan.value()
  }
}

/// Walks over well-formed JSON without decoding it. Never leaves the bytes, whatever they are.
private struct JSONScan {
  private let bytes: [UInt8]
  private var at = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Goes to the last member of that name.
  mutating func enter(member name: String) -> Bool {
    guard take("{") else { return false }
    var found: Int?
    while peek() == UInt8(ascii: "\"") {
      let key = string()
      _ = take(":")
      if key == name { found = at }
      skip()
      _ = take(",")
    }
    at = found ?? at
    return found != nil
  }

  mutating func enter(element index: Int) -> Bool {
    guard take("[") else { return false }
    for _ in 0..<index {
      guard peek() != UInt8(ascii: "]") else { return false }
      skip()
      guard take(",") else { return false }
    }
    return peek() != nil && peek() != UInt8(ascii: "]")
  }

  mutating func value() -> JSONValue? {
    switch peek() {
    case UInt8(ascii: "\""): return .string(string())
    case UInt8(ascii: "t"): return .bool(true)
    case UInt8(ascii: "f"): return .bool(false)
    case UInt8(ascii: "n"): return .null
    case nil: return nil
    default: break
    }
    let start = at
    skip()
    let piece = bytes[start..<at]
    if piece.first == UInt8(ascii: "{") || piece.first == UInt8(ascii: "[") {
      return try? JSONDecoder().decode(JSONValue.self, from: Data(piece))
    }
    let text = String(decoding: piece, as: UTF8.self)
    return Int64(text).map(JSONValue.integer) ?? Double(text).map(JSONValue.number)
  }

  /// Past one value.
  private mutating func skip() {
    var depth = 0
    repeat {
      switch peek() {
      case nil: return
      case UInt8(ascii: "\""): skipString()
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        at += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        at += 1
      case UInt8(ascii: ","), UInt8(ascii: ":"): at += 1
      default: skipWord()
      }
    } while depth > 0
  }

  /// A number, true, false or null.
  private mutating func skipWord() {
    let ends: [UInt8] = [0x20, 0x09, 0x0A, 0x0D, 0x2C, 0x5D, 0x7D]
    repeat { at += 1 } while at < bytes.count && !ends.contains(bytes[at])
  }

  /// True where it holds an escape.
  @discardableResult
  private mutating func skipString() -> Bool {
    var isEscaped = false
    at += 1
    while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
      let isEscape = bytes[at] == UInt8(ascii: "\\")
      isEscaped = isEscaped || isEscape
      at += isEscape ? 2 : 1
    }
    at = min(at + 1, bytes.count)
    return isEscaped
  }

  private mutating func string() -> String {
    let start = at
    let isEscaped = skipString()
    guard isEscaped else {
      return String(decoding: bytes[start..<at].dropFirst().dropLast(), as: UTF8.self)
    }
    return (try? JSONDecoder().decode(String.self, from: Data(bytes[start..<at]))) ?? ""
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: character) else { return false }
    at += 1
    return true
  }

  /// The next byte that is no white space.
  private mutating func peek() -> UInt8? {
    while at < bytes.count {
      switch bytes[at] {
      case 0x20, 0x09, 0x0A, 0x0D: at += 1
      default: return bytes[at]
      }
    }
    return nil
  }
}
