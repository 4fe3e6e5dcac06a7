/// HTML or SVG text. Whatever is put into a literal as a value is escaped, unless it is markup itself:
/// words from records cannot become tags.
struct Markup: Equatable, Sendable {
  private(set) var text: String

  init(_ parts: [Markup]) { text = parts.map(\.text).joined(separator: "\n") }

  static func += (left: inout Markup, right: Markup) { left.text += right.text }

  /// For text and for values in double quotes. Control characters are not allowed in HTML.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\n", "\t": result.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value): result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

extension Markup: ExpressibleByStringInterpolation {
  init(stringLiteral text: String) { self.text = text }

  init(stringInterpolation: Interpolation) { text = stringInterpolation.text }

  struct Interpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

    mutating func appendLiteral(_ literal: String) { text += literal }
    mutating func appendInterpolation(_ markup: Markup) { text += markup.text }
    mutating func appendInterpolation(_ parts: [Markup]) { text += Markup(parts).text }
    mutating func appendInterpolation(_ words: some StringProtocol) {
      text += Markup.escaped(String(words))
    }
    mutating func appendInterpolation(_ number: Int) { text += String(number) }
    /// A coordinate: tenths of a pixel are enough.
    mutating func appendInterpolation(_ number: Double) { text += fixed(number, 1) }
  }
}
