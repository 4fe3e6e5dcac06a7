/// Expressions, from the loosest binding to the tightest.
extension JinjaParser {
  /// An expression, or several with commas between them, which make a tuple.
  mutating func tupleOrExpression(
    withConditional: Bool = true
  ) throws(ChatTemplateError) -> JinjaExpression {
    let first = withConditional ? try expression() : try disjunction()
    guard current == .symbol(",") else { return first }
    var items = [first]
    while skip(","), !endsTuple {
      items.append(withConditional ? try expression() : try disjunction())
    }
    return .tuple(items)
  }

  private var endsTuple: Bool {
    switch current {
    case .variableEnd, .blockEnd, .symbol(")"), .symbol("="), .end, .name("if"): true
    default: false
    }
  }

  /// `a if b else c`, or what binds tighter.
  mutating func expression() throws(ChatTemplateError) -> JinjaExpression {
    try nested { parser throws(ChatTemplateError) in
      var value = try parser.disjunction()
      while parser.skipName("if") {
        let test = try parser.disjunction()
        let other = parser.skipName("else") ? try parser.expression() : nil
        value = .conditional(if: test, then: value, else: other)
      }
      return value
    }
  }

  /// `a or b`, with `and`, `not` and comparisons inside.
  private mutating func disjunction() throws(ChatTemplateError) -> JinjaExpression {
    var parts = [try conjunction()]
    while skipName("or") { parts.append(try conjunction()) }
    return parts.count == 1 ? parts[0] : .or(parts)
  }

  private mutating func conjunction() throws(ChatTemplateError) -> JinjaExpression {
    var parts = [try negation()]
    while skipName("and") { parts.append(try negation()) }
    return parts.count == 1 ? parts[0] : .and(parts)
  }

  private mutating func negation() throws(ChatTemplateError) -> JinjaExpression {
    guard skipName("not") else { return try comparison() }
    return .not(
      try nested { parser throws(ChatTemplateError) in try parser.negation() })
  }

  /// Arithmetic operators, from the loosest to the tightest.
  private static let operators: [[JinjaOperator]] = [
    [.add, .subtract], [.concatenate], [.multiply, .divide, .floorDivide, .remainder], [.power],
  ]

  private mutating func arithmetic(_ level: Int) throws(ChatTemplateError) -> JinjaExpression {
    guard level < Self.operators.count else { return try unary() }
    let first = try arithmetic(level + 1)
    var rest: [(operation: JinjaOperator, right: JinjaExpression)] = []
    while case .symbol(let symbol) = current, let operation = JinjaOperator(rawValue: symbol),
      Self.operators[level].contains(operation)
    {
      advance()
      rest.append((operation, try arithmetic(level + 1)))
    }
    return rest.isEmpty ? first : .arithmetic(first, rest)
  }

  private mutating func comparison() throws(ChatTemplateError) -> JinjaExpression {
    let left = try arithmetic(0)
    var rest: [(comparison: JinjaComparison, right: JinjaExpression)] = []
    while let comparison = takeComparison() { rest.append((comparison, try arithmetic(0))) }
    return rest.isEmpty ? left : .comparison(left, rest)
  }

  private mutating func takeComparison() -> JinjaComparison? {
    switch current {
    case .symbol(let symbol):
      guard let comparison = JinjaComparison(rawValue: symbol) else { return nil }
      advance()
      return comparison
    case .name("in"):
      advance()
      return .isIn
    case .name("not") where following == .name("in"):
      advance()
      advance()
      return .isNotIn
    default: return nil
    }
  }

  private mutating func unary(
    withFilters: Bool = true
  ) throws(ChatTemplateError) -> JinjaExpression {
    var value: JinjaExpression
    if skip("-") {
      value = .negative(
        try nested { parser throws(ChatTemplateError) in try parser.unary(withFilters: false) })
    } else if skip("+") {
      value = .positive(
        try nested { parser throws(ChatTemplateError) in try parser.unary(withFilters: false) })
    } else {
      value = try primary()
    }
    value = try postfix(value)
    return withFilters ? try filters(on: value) : value
  }
}

// MARK: - Values

extension JinjaParser {
  private mutating func primary() throws(ChatTemplateError) -> JinjaExpression {
    let kind = current
    advance()
    switch kind {
    case .name("true"), .name("True"): return .literal(.bool(true))
    case .name("false"), .name("False"): return .literal(.bool(false))
    case .name("none"), .name("None"): return .literal(.none)
    case .name(let name): return .name(name)
    case .int(let value): return .literal(.int(value))
    case .double(let value): return .literal(.double(value))
    case .string(var text):
      while case .string(let more) = current {
        text += more
        advance()
      }
      return .literal(.string(JinjaString(text)))
    case .symbol("("): return try parenthesized()
    case .symbol("["): return .list(try items(until: "]"))
    case .symbol("{"): return try dictionary()
    default: throw syntax("unexpected \(describe(kind))")
    }
  }

  private mutating func parenthesized() throws(ChatTemplateError) -> JinjaExpression {
    if skip(")") { return .tuple([]) }
    let value = try tupleOrExpression()
    try expect(")")
    return value
  }

  private mutating func items(
    until end: String
  ) throws(ChatTemplateError) -> [JinjaExpression] {
    var items: [JinjaExpression] = []
    while !skip(end) {
      if !items.isEmpty { try expect(",") }
      if skip(end) { break }
      items.append(try expression())
    }
    return items
  }

  private mutating func dictionary() throws(ChatTemplateError) -> JinjaExpression {
    var members: [(key: JinjaExpression, value: JinjaExpression)] = []
    while !skip("}") {
      if !members.isEmpty { try expect(",") }
      if skip("}") { break }
      let key = try expression()
      try expect(":")
      members.append((key, try expression()))
    }
    return .dictionary(members)
  }

  // MARK: What follows a value

  private static let longestChain = 20

  /// Bounds the depth of a tree that grows to the left.
  private func checkLength(_ length: Int) throws(ChatTemplateError) {
    guard length <= Self.longestChain else {
      throw .tooMuch(
        line: line, what: "accesses or filters in a row", limit: Self.longestChain)
    }
  }

  private mutating func postfix(
    _ start: JinjaExpression
  ) throws(ChatTemplateError) -> JinjaExpression {
    var value = start
    var length = 0
    while true {
      length += 1
      try checkLength(length)
      if skip(".") {
        value = try attribute(of: value)
      } else if skip("[") {
        value = try subscripted(value)
      } else if skip("(") {
        value = .call(value, try arguments())
      } else {
        return value
      }
    }
  }

  private mutating func attribute(
    of value: JinjaExpression
  ) throws(ChatTemplateError) -> JinjaExpression {
    if case .int(let index) = current {
      advance()
      return .item(value, .literal(.int(index)))
    }
    return .attribute(value, try name())
  }

  private mutating func subscripted(
    _ value: JinjaExpression
  ) throws(ChatTemplateError) -> JinjaExpression {
    let start = current == .symbol(":") ? nil : try expression()
    if let start, skip("]") { return .item(value, start) }
    try expect(":")
    var slice = JinjaSlice(start: start)
    if current != .symbol(":"), current != .symbol("]") { slice.stop = try expression() }
    if skip(":"), current != .symbol("]") { slice.step = try expression() }
    try expect("]")
    return .slice(value, slice)
  }

  private mutating func arguments() throws(ChatTemplateError) -> JinjaArguments {
    var arguments = JinjaArguments()
    var isFirst = true
    while !skip(")") {
      if !isFirst { try expect(",") }
      if skip(")") { break }
      isFirst = false
      if current == .symbol("*") || current == .symbol("**") {
        throw .unsupported(line: line, construct: "passing arguments with \(describe(current))")
      }
      if case .name(let name) = current, following == .symbol("=") {
        advance()
        advance()
        arguments.named.append((name, try expression()))
      } else {
        arguments.positional.append(try expression())
      }
    }
    return arguments
  }

  /// Filters and tests after a value. Without a value, filters on what is rendered later.
  mutating func filters(
    on start: JinjaExpression?, first isFirst: Bool = false
  ) throws(ChatTemplateError) -> JinjaExpression {
    var value = start
    var length = 0
    var hasPipe = isFirst
    while true {
      length += 1
      try checkLength(length)
      if hasPipe || skip("|") {
        hasPipe = false
        value = try filter(on: value)
      } else if let tested = value, skipName("is") {
        value = try test(tested)
      } else if let called = value, skip("(") {
        value = .call(called, try arguments())
      } else if let value {
        return value
      } else {
        throw syntax("expected a filter")
      }
    }
  }

  private mutating func filter(
    on value: JinjaExpression?
  ) throws(ChatTemplateError) -> JinjaExpression {
    let line = self.line
    let name = try name()
    guard let filter = JinjaFilter(named: name) else {
      throw .unsupported(line: line, construct: "the filter `\(name)`")
    }
    return .filter(value, filter, skip("(") ? try arguments() : JinjaArguments())
  }

  private mutating func test(
    _ value: JinjaExpression
  ) throws(ChatTemplateError) -> JinjaExpression {
    let isNegated = skipName("not")
    let line = self.line
    let name = try name()
    guard let test = JinjaTest(named: name) else {
      throw .unsupported(line: line, construct: "the test `\(name)`")
    }
    let tested = JinjaExpression.test(value, test, try testArguments())
    return isNegated ? .not(tested) : tested
  }

  /// Arguments in brackets, or a single value without them.
  private mutating func testArguments() throws(ChatTemplateError) -> [JinjaExpression] {
    switch current {
    case .symbol("("):
      advance()
      return try arguments().positional
    case .string, .int, .double, .symbol("["), .symbol("{"):
      return [try postfix(try primary())]
    case .name(let name) where !["else", "or", "and", "is", "if", "not", "in"].contains(name):
      return [try postfix(try primary())]
    default: return []
    }
  }
}
