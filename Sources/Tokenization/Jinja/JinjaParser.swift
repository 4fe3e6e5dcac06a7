/// Reads the statements of a template.
struct JinjaParser {
  /// Expressions and blocks nested deeper are refused, so that the stack is never used up.
  static let deepest = 50

  private let tokens: [JinjaToken]
  private var position = 0
  private var depth = 0
  private var loopDepth = 0

  init(_ tokens: [JinjaToken]) { self.tokens = tokens }

  mutating func template() throws(ChatTemplateError) -> [JinjaStatement] {
    let body = try body(until: [])
    guard current == .end else { throw syntax("unexpected \(describe(current))") }
    return body
  }

  // MARK: Tokens

  var current: JinjaToken.Kind { tokens[position].kind }
  var following: JinjaToken.Kind { tokens[min(position + 1, tokens.count - 1)].kind }
  var line: Int { tokens[position].line }

  mutating func advance() { position = min(position + 1, tokens.count - 1) }

  func syntax(_ problem: String) -> ChatTemplateError { .syntax(line: line, problem: problem) }

  mutating func skip(_ symbol: String) -> Bool {
    guard current == .symbol(symbol) else { return false }
    advance()
    return true
  }

  mutating func skipName(_ name: String) -> Bool {
    guard current == .name(name) else { return false }
    advance()
    return true
  }

  mutating func expect(_ symbol: String) throws(ChatTemplateError) {
    guard skip(symbol) else {
      throw syntax("expected `\(symbol)`, found \(describe(current))")
    }
  }

  mutating func name() throws(ChatTemplateError) -> String {
    guard case .name(let name) = current else {
      throw syntax("expected a name, found \(describe(current))")
    }
    advance()
    return name
  }

  func describe(_ kind: JinjaToken.Kind) -> String {
    switch kind {
    case .data: "text"
    case .variableBegin: "`{{`"
    case .variableEnd: "`}}`"
    case .blockBegin: "`{%`"
    case .blockEnd: "`%}`"
    case .name(let name): "`\(name)`"
    case .string(let text): "the string '\(text.prefix(40))'"
    case .int(let value): "\(value)"
    case .double(let value): "\(value)"
    case .symbol(let symbol): "`\(symbol)`"
    case .end: "the end of the template"
    }
  }

  /// Runs `read` one level deeper.
  mutating func nested<T>(
    _ read: (inout JinjaParser) throws(ChatTemplateError) -> T
  ) throws(ChatTemplateError) -> T {
    guard depth < Self.deepest else {
      throw .tooMuch(line: line, what: "levels of nesting", limit: Self.deepest)
    }
    depth += 1
    defer { depth -= 1 }
    return try read(&self)
  }
}

// MARK: - Bodies

extension JinjaParser {
  /// Statements up to a block that begins with one of `ends`, whose name is the current token then.
  private mutating func body(until ends: [String]) throws(ChatTemplateError) -> [JinjaStatement] {
    var statements: [JinjaStatement] = []
    while true {
      let line = self.line
      switch current {
      case .data(let text):
        advance()
        statements.append(JinjaStatement(kind: .text(text), line: line))
      case .variableBegin:
        advance()
        let kind = JinjaStatement.Kind.output(try tupleOrExpression())
        try expectEnd(.variableEnd)
        statements.append(JinjaStatement(kind: kind, line: line))
      case .blockBegin:
        if case .name(let name) = following, ends.contains(name) {
          advance()
          return statements
        }
        advance()
        statements.append(try statement(line: line))
      default:
        guard ends.isEmpty else {
          throw syntax("expected \(ends.map { "`\($0)`" }.joined(separator: " or "))")
        }
        return statements
      }
    }
  }

  private mutating func expectEnd(_ end: JinjaToken.Kind) throws(ChatTemplateError) {
    guard current == end else {
      throw syntax("expected \(describe(end)), found \(describe(current))")
    }
    advance()
  }

  /// A body, its closing block included.
  private mutating func closedBody(_ end: String) throws(ChatTemplateError) -> [JinjaStatement] {
    try expectEnd(.blockEnd)
    let body = try nested { parser throws(ChatTemplateError) in try parser.body(until: [end]) }
    advance()
    try expectEnd(.blockEnd)
    return body
  }

  private mutating func statement(line: Int) throws(ChatTemplateError) -> JinjaStatement {
    let name = try name()
    let kind: JinjaStatement.Kind
    switch name {
    case "if": kind = try condition()
    case "for": kind = try loop()
    case "set": kind = try assignment()
    case "macro": kind = try macro()
    case "with": kind = try with()
    case "filter": kind = try filtered()
    case "generation": kind = .generation(try closedBody("endgeneration"))
    case "break", "continue": kind = try leave(name, line: line)
    default:
      if name.hasPrefix("end") || name.hasPrefix("el") {
        throw .syntax(line: line, problem: "`\(name)` closes nothing")
      }
      throw .unsupported(line: line, construct: "the statement `\(name)`")
    }
    return JinjaStatement(kind: kind, line: line)
  }
}

// MARK: - Statements

extension JinjaParser {
  private mutating func condition() throws(ChatTemplateError) -> JinjaStatement.Kind {
    var branches: [(test: JinjaExpression, body: [JinjaStatement])] = []
    var otherwise: [JinjaStatement] = []
    var word = "if"
    while word != "endif" {
      let test = word == "else" ? nil : try tupleOrExpression()
      try expectEnd(.blockEnd)
      let ends = word == "else" ? ["endif"] : ["elif", "else", "endif"]
      let body = try nested { parser throws(ChatTemplateError) in try parser.body(until: ends) }
      if let test { branches.append((test, body)) } else { otherwise = body }
      word = try name()
    }
    try expectEnd(.blockEnd)
    return .condition(branches, else: otherwise)
  }

  private mutating func loop() throws(ChatTemplateError) -> JinjaStatement.Kind {
    let target = try target()
    guard skipName("in") else { throw syntax("expected `in`") }
    let items = try tupleOrExpression(withConditional: false)
    let condition = skipName("if") ? try expression() : nil
    if current == .name("recursive") {
      throw .unsupported(line: line, construct: "a `recursive` loop")
    }
    try expectEnd(.blockEnd)
    loopDepth += 1
    let body = try nested { parser throws(ChatTemplateError) in
      try parser.body(until: ["else", "endfor"])
    }
    loopDepth -= 1
    var otherwise: [JinjaStatement] = []
    if try name() == "else" {
      otherwise = try closedBody("endfor")
    } else {
      try expectEnd(.blockEnd)
    }
    return .loop(
      JinjaLoop(
        target: target, items: items, condition: condition, body: body, otherwise: otherwise))
  }

  private mutating func leave(
    _ name: String, line: Int
  ) throws(ChatTemplateError) -> JinjaStatement.Kind {
    guard loopDepth > 0 else {
      throw .syntax(line: line, problem: "`\(name)` outside of a loop")
    }
    try expectEnd(.blockEnd)
    return name == "break" ? .leaveLoop : .nextRound
  }

  private mutating func assignment() throws(ChatTemplateError) -> JinjaStatement.Kind {
    let target = try target()
    if skip("=") {
      let value = try tupleOrExpression()
      try expectEnd(.blockEnd)
      return .assign(target, value)
    }
    let filter = current == .symbol("|") ? try filters(on: nil) : nil
    return .capture(target, body: try closedBody("endset"), filter: filter)
  }

  private mutating func target() throws(ChatTemplateError) -> JinjaTarget {
    var targets: [JinjaTarget] = []
    repeat {
      if skip("(") {
        targets.append(try nested { parser throws(ChatTemplateError) in try parser.target() })
        try expect(")")
      } else if targets.isEmpty || isName {
        targets.append(try singleTarget())
      }
    } while skip(",")
    return targets.count == 1 ? targets[0] : .tuple(targets)
  }

  private var isName: Bool {
    if case .name = current { return true }
    return false
  }

  private mutating func singleTarget() throws(ChatTemplateError) -> JinjaTarget {
    let object = try name()
    return skip(".") ? .attribute(object: object, name: try name()) : .name(object)
  }

  private mutating func macro() throws(ChatTemplateError) -> JinjaStatement.Kind {
    let name = try name()
    var parameters: [(name: String, value: JinjaExpression?)] = []
    try expect("(")
    while !skip(")") {
      if !parameters.isEmpty { try expect(",") }
      if skip(")") { break }
      let parameter = try self.name()
      parameters.append((parameter, skip("=") ? try expression() : nil))
    }
    let outerLoops = loopDepth
    loopDepth = 0
    defer { loopDepth = outerLoops }
    return .macro(
      JinjaMacro(name: name, parameters: parameters, body: try closedBody("endmacro")))
  }

  private mutating func with() throws(ChatTemplateError) -> JinjaStatement.Kind {
    var values: [(target: JinjaTarget, value: JinjaExpression)] = []
    while current != .blockEnd {
      if !values.isEmpty { try expect(",") }
      let target = try singleTarget()
      try expect("=")
      values.append((target, try expression()))
    }
    return .with(values, body: try closedBody("endwith"))
  }

  private mutating func filtered() throws(ChatTemplateError) -> JinjaStatement.Kind {
    let filter = try filters(on: nil, first: true)
    return .filtered(filter, body: try closedBody("endfilter"))
  }
}
