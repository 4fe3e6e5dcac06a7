/// A piece of a template.
struct JinjaToken: Equatable {
  enum Kind: Equatable {
    /// Text outside of tags, white space control already applied.
    case data(String)
    case variableBegin, variableEnd, blockBegin, blockEnd
    case name(String)
    case string(String)
    case int(Int)
    case double(Double)
    case symbol(String)
    case end
  }

  let kind: Kind
  let line: Int
}

/// Cuts a template into tokens, with `trim_blocks` and `lstrip_blocks`.
struct JinjaLexer {
  private let source: [UInt8]
  private var position = 0
  private var line = 1
  private var tokens: [JinjaToken] = []
  /// Whether the text after the last tag begins a line.
  private var startsLine = true
  /// Whether the last tag ended in `-`.
  private var stripsNext = false

  static func tokens(of source: String) throws(ChatTemplateError) -> [JinjaToken] {
    var lexer = JinjaLexer(source)
    try lexer.run()
    return lexer.tokens
  }

  /// Line breaks become line feeds; one at the very end is dropped.
  private init(_ text: String) {
    var bytes: [UInt8] = []
    var previous: UInt8 = 0
    for byte in text.utf8 {
      if byte == 0x0D {
        bytes.append(0x0A)
      } else if byte != 0x0A || previous != 0x0D {
        bytes.append(byte)
      }
      previous = byte
    }
    if bytes.last == 0x0A { bytes.removeLast() }
    source = bytes
  }

  private mutating func run() throws(ChatTemplateError) {
    while position < source.count {
      let start = position
      while position < source.count, tagOpening(at: position) == nil { position += 1 }
      let opening = tagOpening(at: position)
      appendData(start..<position, before: opening)
      guard let opening else { break }
      position += 2
      try tag(opening)
    }
    append(.end)
  }

  private mutating func append(_ kind: JinjaToken.Kind) {
    tokens.append(JinjaToken(kind: kind, line: line))
  }

  /// `{`, `%` or `#` if a tag of that kind begins at `index`.
  private func tagOpening(at index: Int) -> UInt8? {
    guard index + 1 < source.count, source[index] == UInt8(ascii: "{") else { return nil }
    let second = source[index + 1]
    return [UInt8(ascii: "{"), UInt8(ascii: "%"), UInt8(ascii: "#")].contains(second)
      ? second : nil
  }

  private func starts(with text: String, at index: Int) -> Bool {
    source[index...].starts(with: text.utf8)
  }
}

// MARK: - Text

extension JinjaLexer {
  private mutating func appendData(_ range: Range<Int>, before opening: UInt8?) {
    var text = source[range]
    let lines = text.count { $0 == 0x0A }
    if stripsNext { text = text.drop(while: Self.isSpace) }
    stripsNext = false
    if let opening {
      switch range.upperBound + 2 < source.count ? source[range.upperBound + 2] : 0 {
      case UInt8(ascii: "-"): while let last = text.last, Self.isSpace(last) { text.removeLast() }
      case UInt8(ascii: "+"): break
      default: if opening != UInt8(ascii: "{") { stripIndentation(of: &text) }
      }
    }
    if !text.isEmpty { append(.data(String(decoding: text, as: UTF8.self))) }
    line += lines
  }

  /// `lstrip_blocks`: drops the space between the beginning of a line and a block.
  private func stripIndentation(of text: inout ArraySlice<UInt8>) {
    let lineStart = text.lastIndex(of: 0x0A).map { $0 + 1 }
    guard let start = lineStart ?? (startsLine ? text.startIndex : nil) else { return }
    if text[start...].allSatisfy(Self.isSpace) { text = text[..<start] }
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0D).contains(byte)
  }
}

// MARK: - Tags

extension JinjaLexer {
  private mutating func tag(_ opening: UInt8) throws(ChatTemplateError) {
    let openedAt = line
    if opening == UInt8(ascii: "#") { return try comment() }
    if position < source.count, [UInt8(ascii: "-"), UInt8(ascii: "+")].contains(source[position]) {
      position += 1
    }
    let isBlock = opening == UInt8(ascii: "%")
    if isBlock, try raw() { return }
    append(isBlock ? .blockBegin : .variableBegin)
    let closing = isBlock ? "%}" : "}}"
    var brackets: [UInt8] = []
    while true {
      skipSpace()
      guard position < source.count else {
        throw .syntax(line: openedAt, problem: "a tag is not closed by `\(closing)`")
      }
      if brackets.isEmpty, close(closing) { break }
      try expressionToken(&brackets)
    }
    append(isBlock ? .blockEnd : .variableEnd)
  }

  /// Takes the end of a tag, if it stands here, and what it does to the white space after it.
  private mutating func close(_ closing: String) -> Bool {
    let sign = source[position]
    let hasSign = sign == UInt8(ascii: "-") || (sign == UInt8(ascii: "+") && closing != "}}")
    guard starts(with: closing, at: position + (hasSign ? 1 : 0)) else { return false }
    position += hasSign ? 3 : 2
    stripsNext = hasSign && sign == UInt8(ascii: "-")
    startsLine = false
    if !hasSign, closing != "}}", position < source.count, source[position] == 0x0A {
      position += 1
      line += 1
      startsLine = true
    }
    return true
  }

  private mutating func comment() throws(ChatTemplateError) {
    let openedAt = line
    while position < source.count {
      if close("#}") { return }
      if source[position] == 0x0A { line += 1 }
      position += 1
    }
    throw .syntax(line: openedAt, problem: "a comment is not closed by `#}`")
  }

  /// Takes everything between `{% raw %}` and `{% endraw %}` as text, if the former stands here.
  private mutating func raw() throws(ChatTemplateError) -> Bool {
    let (start, startLine) = (position, line)
    let isRaw = takeWord("raw")
    let strips = starts(with: "-%}", at: position)
    guard isRaw, strips || starts(with: "%}", at: position) else {
      (position, line) = (start, startLine)
      return false
    }
    position += strips ? 3 : 2
    let textStart = position
    while position < source.count {
      if let textEnd = endOfRaw() {
        let (stripsAfter, startsAfter) = (stripsNext, startsLine)
        (stripsNext, startsLine) = (strips, false)
        appendData(textStart..<textEnd, before: UInt8(ascii: "%"))
        (stripsNext, startsLine) = (stripsAfter, startsAfter)
        return true
      }
      position += 1
    }
    throw .syntax(line: startLine, problem: "`raw` is not closed by `endraw`")
  }

  /// Takes `{% endraw %}`, if it stands here, and says where it began.
  private mutating func endOfRaw() -> Int? {
    guard starts(with: "{%", at: position) else { return nil }
    let (start, startLine) = (position, line)
    position += starts(with: "{%-", at: position) ? 3 : 2
    if takeWord("endraw"), position < source.count, close("%}") { return start }
    (position, line) = (start, startLine)
    return nil
  }

  /// Takes `word` and the space around it.
  private mutating func takeWord(_ word: String) -> Bool {
    skipSpace()
    let end = position + word.utf8.count
    guard starts(with: word, at: position), end >= source.count || !Self.isName(source[end]) else {
      return false
    }
    position = end
    skipSpace()
    return true
  }

  private mutating func skipSpace() {
    while position < source.count, Self.isSpace(source[position]) {
      if source[position] == 0x0A { line += 1 }
      position += 1
    }
  }
}

// MARK: - Expressions

extension JinjaLexer {
  private static let longSymbols = ["//", "**", "==", "!=", ">=", "<="]
  private static let shortSymbols = Set("+-/*%~[](){}<>=.:|,;".utf8)

  private static func isName(_ byte: UInt8) -> Bool {
    isDigit(byte) || byte == UInt8(ascii: "_") || byte >= 0x80
      || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private mutating func expressionToken(_ brackets: inout [UInt8]) throws(ChatTemplateError) {
    let byte = source[position]
    if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") { return try string(quote: byte) }
    if Self.isDigit(byte) { return try number() }
    if Self.isName(byte) {
      let name = take(while: Self.isName)
      return append(.name(name))
    }
    for symbol in Self.longSymbols where starts(with: symbol, at: position) {
      position += 2
      return append(.symbol(symbol))
    }
    guard Self.shortSymbols.contains(byte) else {
      throw .syntax(line: line, problem: "unexpected character `\(Unicode.Scalar(byte))`")
    }
    position += 1
    try balance(byte, &brackets)
    append(.symbol(String(Unicode.Scalar(byte))))
  }

  /// Keeps account of brackets, since the end of a tag counts only outside of them.
  private func balance(_ byte: UInt8, _ brackets: inout [UInt8]) throws(ChatTemplateError) {
    switch Unicode.Scalar(byte) {
    case "(": brackets.append(UInt8(ascii: ")"))
    case "[": brackets.append(UInt8(ascii: "]"))
    case "{": brackets.append(UInt8(ascii: "}"))
    case ")", "]", "}":
      guard brackets.popLast() == byte else {
        throw .syntax(line: line, problem: "unexpected `\(Unicode.Scalar(byte))`")
      }
    default: break
    }
  }

  private mutating func take(while isWanted: (UInt8) -> Bool) -> String {
    let start = position
    while position < source.count, isWanted(source[position]) { position += 1 }
    return String(decoding: source[start..<position], as: UTF8.self)
  }

  private mutating func number() throws(ChatTemplateError) {
    var text = takeDigits()
    if byte(at: position) == UInt8(ascii: "."), byte(at: position + 1).map(Self.isDigit) == true {
      position += 1
      text += "." + takeDigits()
    }
    if let exponent = takeExponent() { text += exponent }
    if let int = Int(text) { return append(.int(int)) }
    guard text.utf8.contains(where: { !Self.isDigit($0) }), let double = Double(text),
      double.isFinite
    else {
      throw .syntax(line: line, problem: "the number \(text.prefix(40)) is too large")
    }
    append(.double(double))
  }

  private func byte(at index: Int) -> UInt8? { index < source.count ? source[index] : nil }

  private mutating func takeDigits() -> String {
    take { Self.isDigit($0) || $0 == UInt8(ascii: "_") }.filter { $0 != "_" }
  }

  /// `e`, a sign if there is one, and digits.
  private mutating func takeExponent() -> String? {
    guard let letter = byte(at: position), letter | 0x20 == UInt8(ascii: "e") else { return nil }
    let sign = byte(at: position + 1)
    let hasSign = sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-")
    guard let first = byte(at: position + (hasSign ? 2 : 1)), Self.isDigit(first) else {
      return nil
    }
    position += hasSign ? 2 : 1
    return (sign == UInt8(ascii: "-") ? "e-" : "e") + takeDigits()
  }

  private mutating func string(quote: UInt8) throws(ChatTemplateError) {
    let openedAt = line
    position += 1
    var content: [UInt8] = []
    while position < source.count, source[position] != quote {
      let byte = source[position]
      position += 1
      if byte == UInt8(ascii: "\\") {
        escape(&content)
      } else {
        if byte == 0x0A { line += 1 }
        content.append(byte)
      }
    }
    guard position < source.count else {
      throw .syntax(line: openedAt, problem: "a string is not closed")
    }
    position += 1
    append(.string(String(decoding: content, as: UTF8.self)))
  }

  /// Appends what an escape means, as in Python; unknown ones keep their backslash.
  private mutating func escape(_ content: inout [UInt8]) {
    guard position < source.count else { return }
    let byte = source[position]
    position += 1
    switch Unicode.Scalar(byte) {
    case "n": content.append(0x0A)
    case "t": content.append(0x09)
    case "r": content.append(0x0D)
    case "b": content.append(0x08)
    case "f": content.append(0x0C)
    case "v": content.append(0x0B)
    case "a": content.append(0x07)
    case "\\", "'", "\"": content.append(byte)
    case "\n": line += 1
    case "0"..."7": octal(byte, &content)
    case "x": hexadecimal(2, byte, &content)
    case "u": hexadecimal(4, byte, &content)
    case "U": hexadecimal(8, byte, &content)
    default: content += [UInt8(ascii: "\\"), byte]
    }
  }

  private mutating func hexadecimal(_ count: Int, _ letter: UInt8, _ content: inout [UInt8]) {
    let digits = source[position...].prefix(count)
    let text = String(decoding: digits, as: UTF8.self)
    guard digits.count == count, let value = UInt32(text, radix: 16),
      let scalar = Unicode.Scalar(value)
    else {
      content += [UInt8(ascii: "\\"), letter]
      return
    }
    position += count
    content += String(scalar).utf8
  }

  private mutating func octal(_ first: UInt8, _ content: inout [UInt8]) {
    var value = UInt32(first - UInt8(ascii: "0"))
    for _ in 0..<2 where position < source.count {
      guard let digit = UInt32(String(Unicode.Scalar(source[position])), radix: 8) else { break }
      value = value * 8 + digit
      position += 1
    }
    if let scalar = Unicode.Scalar(value) { content += String(scalar).utf8 }
  }
}
