/// Reads what ``RecordExpression`` describes.
struct ExpressionParser {
  private typealias Node = RecordExpression.Node

  private let text: String
  private let characters: [Character]
  private var at = 0
  private var depth = 0
  private static let deepest = 100

  init(_ text: String) {
    self.text = text
    characters = Array(text)
  }

  mutating func parse() throws(ExpressionError) -> RecordExpression.Node {
    let node = try alternatives()
    skipSpace()
    guard at == characters.count else { throw expected("an operator or the end") }
    return node
  }

  private mutating func alternatives() throws(ExpressionError) -> RecordExpression.Node {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else { throw expected("less nesting") }
    var node = try conjunction()
    while take(word: "or") { node = .either(node, try conjunction()) }
    return node
  }

  private mutating func conjunction() throws(ExpressionError) -> RecordExpression.Node {
    var node = try negation()
    while take(word: "and") { node = .both(node, try negation()) }
    return node
  }

  private mutating func negation() throws(ExpressionError) -> RecordExpression.Node {
    var isNegated = false
    while take(word: "not") { isNegated.toggle() }
    let node = try comparison()
    return isNegated ? .not(node) : node
  }

  private mutating func comparison() throws(ExpressionError) -> RecordExpression.Node {
    let left = try operand()
    for sign in ["==", "!=", "<=", ">=", "<", ">"] where take(sign) {
      guard let comparison = RecordExpression.Comparison(rawValue: sign) else { continue }
      return .compare(comparison, left, try operand())
    }
    return left
  }

  private mutating func operand() throws(ExpressionError) -> RecordExpression.Node {
    skipSpace()
    guard let first = peek() else { throw expected("a value") }
    switch first {
    case "(":
      at += 1
      let node = try alternatives()
      try need(")")
      return node
    case ".", "[": return .path(try path())
    case "\"": return .literal(.string(try string()))
    case "$": return try property()
    case "-", "0"..."9": return .literal(try number())
    default: return try named()
    }
  }

  private mutating func property() throws(ExpressionError) -> RecordExpression.Node {
    for (name, node) in [("$seq", Node.sequence), ("$type", .type), ("$bytes", .size)]
    where take(word: name) { return node }
    throw expected("$seq, $type or $bytes")
  }

  private mutating func named() throws(ExpressionError) -> RecordExpression.Node {
    for (name, value) in [("true", JSONValue.bool(true)), ("false", .bool(false)), ("null", .null)]
    where take(word: name) { return .literal(value) }
    if take(word: "length") {
      try need("(")
      let node = try alternatives()
      try need(")")
      return .length(node)
    }
    if take(word: "contains") {
      let (a, b) = try pair()
      return .contains(a, b)
    }
    guard take(word: "startsWith") else { throw expected("a value") }
    let (a, b) = try pair()
    return .startsWith(a, b)
  }

  private mutating func pair() throws(ExpressionError) -> (
    RecordExpression.Node, RecordExpression.Node
  ) {
    try need("(")
    let first = try alternatives()
    try need(",")
    let second = try alternatives()
    try need(")")
    return (first, second)
  }

  /// `.a`, `."a b"`, `[0]`, any number of them, or `.` alone.
  private mutating func path() throws(ExpressionError) -> JSONPath {
    var steps: [JSONPath.Step] = []
    while let sign = peek(), sign == "." || sign == "[" {
      at += 1
      if sign == "[" {
        guard case .integer(let index) = try number(), index >= 0 else {
          throw expected("an index")
        }
        try need("]")
        steps.append(.element(Int(index)))
      } else if peek() == "\"" {
        steps.append(.member(try string()))
      } else if let name = name() {
        steps.append(.member(name))
      } else if !steps.isEmpty {
        throw expected("a name")
      }
    }
    return JSONPath(steps)
  }

  private mutating func name() -> String? {
    let start = at
    while let next = peek(), next.isLetter || next.isNumber || next == "_" { at += 1 }
    return at > start ? String(characters[start..<at]) : nil
  }

  private mutating func number() throws(ExpressionError) -> JSONValue {
    let start = at
    while let next = peek(), next.isNumber || "+-.eE".contains(next) { at += 1 }
    let text = String(characters[start..<at])
    if let integer = Int64(text) { return .integer(integer) }
    guard let number = Double(text) else {
      at = start
      throw expected("a number")
    }
    return .number(number)
  }

  /// In quotation marks; a backslash takes the next character as it is, n and t as in JSON.
  private mutating func string() throws(ExpressionError) -> String {
    at += 1
    var result = ""
    while let next = peek(), next != "\"" {
      at += 1
      guard next == "\\", let escaped = peek() else {
        result.append(next)
        continue
      }
      at += 1
      result.append(escaped == "n" ? "\n" : escaped == "t" ? "\t" : escaped)
    }
    try need("\"")
    return result
  }

  private mutating func need(_ sign: String) throws(ExpressionError) {
    guard take(sign) else { throw expected(sign) }
  }

  private mutating func take(_ sign: String) -> Bool {
    skipSpace()
    guard characters[at...].starts(with: sign) else { return false }
    at += sign.count
    return true
  }

  /// A whole word, which nothing that could belong to it follows.
  private mutating func take(word: String) -> Bool {
    let start = at
    guard take(word) else { return false }
    if let next = peek(), next.isLetter || next.isNumber || next == "_" {
      at = start
      return false
    }
    return true
  }

  private mutating func skipSpace() { while peek()?.isWhitespace == true { at += 1 } }

  private func peek() -> Character? { at < characters.count ? characters[at] : nil }

  private func expected(_ what: String) -> ExpressionError {
    ExpressionError(.syntax(expected: what, column: at + 1, text: text))
  }
}
