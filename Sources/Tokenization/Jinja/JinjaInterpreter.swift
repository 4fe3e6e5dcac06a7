import Foundation

/// Renders one template once.
final class JinjaInterpreter {
  /// Bounds that no real template comes near: they end runaway ones.
  private static let longestOutput = 32 << 20
  private static let mostSteps = 5_000_000
  private static let deepest = 200
  static let longestRange = 100_000

  let date: Date
  private(set) var line = 1
  private var scope: JinjaScope
  private var output = JinjaString()
  private var steps = 0
  private var depth = 0
  private var loopDepth = 0
  private var scopesOfMacros: [JinjaScope] = []
  var namespaces: [JinjaNamespace] = []

  /// How a body ended.
  private enum Ending { case ran, leaveLoop, nextRound }

  init(variables: [String: JinjaValue], date: Date) {
    self.date = date
    scope = JinjaScope(variables)
  }

  func render(_ body: [JinjaStatement]) throws(ChatTemplateError) -> JinjaString {
    defer { breakCycles() }
    _ = try run(body)
    return output
  }

  /// Macros know the scope that knows them, and a namespace may be a member of itself.
  private func breakCycles() {
    for scope in scopesOfMacros { scope.removeAll() }
    for namespace in namespaces { namespace.members = JinjaDictionary() }
  }

  func failure(_ problem: String) -> ChatTemplateError { .failed(line: line, problem: problem) }

  /// Runs `body` one level deeper.
  private func nested<T>(
    _ body: () throws(ChatTemplateError) -> T
  ) throws(ChatTemplateError) -> T {
    steps += 1
    guard steps <= Self.mostSteps else {
      throw .tooMuch(line: line, what: "steps", limit: Self.mostSteps)
    }
    guard depth < Self.deepest else {
      throw .tooMuch(line: line, what: "levels of evaluation", limit: Self.deepest)
    }
    depth += 1
    defer { depth -= 1 }
    return try body()
  }

  /// Bounds what a value may grow to.
  func checked(_ text: JinjaString) throws(ChatTemplateError) -> JinjaString {
    try checkLength(text.byteCount)
    return text
  }

  func checkLength(_ bytes: Int) throws(ChatTemplateError) {
    guard bytes <= Self.longestOutput else {
      throw .tooMuch(line: line, what: "bytes of text", limit: Self.longestOutput)
    }
  }

  private func write(_ text: JinjaString) throws(ChatTemplateError) {
    output += text
    try checkLength(output.byteCount)
  }
}

// MARK: - Statements

extension JinjaInterpreter {
  private func run(_ body: [JinjaStatement]) throws(ChatTemplateError) -> Ending {
    try nested { () throws(ChatTemplateError) in
      for statement in body {
        line = statement.line
        let ending = try run(statement)
        if ending != .ran { return ending }
      }
      return .ran
    }
  }

  private func run(_ statement: JinjaStatement) throws(ChatTemplateError) -> Ending {
    switch statement.kind {
    case .text(let text): try write(JinjaString(text))
    case .output(let expression): try write(try evaluate(expression).text)
    case .condition(let branches, let otherwise): return try run(branches, otherwise)
    case .loop(let loop): return try run(loop)
    case .assign(let target, let value): try assign(try evaluate(value), to: target)
    case .capture(let target, let body, let filter):
      try assign(try captured(body, filter), to: target)
    case .filtered(let filter, let body): try write(try captured(body, filter).text)
    case .with(let values, let body): return try run(with: values, body)
    case .macro(let macro):
      scope[macro.name] = .macro(JinjaMacroClosure(macro: macro, scope: scope))
      scopesOfMacros.append(scope)
    case .generation(let body): return try run(body)
    case .leaveLoop: return .leaveLoop
    case .nextRound: return .nextRound
    }
    return .ran
  }

  private func run(
    _ branches: [(test: JinjaExpression, body: [JinjaStatement])], _ otherwise: [JinjaStatement]
  ) throws(ChatTemplateError) -> Ending {
    for branch in branches where try evaluate(branch.test).isTrue { return try run(branch.body) }
    return try run(otherwise)
  }

  /// Runs `body` with a scope of its own.
  private func inScope<T>(
    _ inner: JinjaScope, _ body: () throws(ChatTemplateError) -> T
  ) throws(ChatTemplateError) -> T {
    let outer = scope
    scope = inner
    defer { scope = outer }
    return try body()
  }

  private func run(
    with values: [(target: JinjaTarget, value: JinjaExpression)], _ body: [JinjaStatement]
  ) throws(ChatTemplateError) -> Ending {
    var evaluated: [(JinjaTarget, JinjaValue)] = []
    for (target, value) in values { evaluated.append((target, try evaluate(value))) }
    return try inScope(JinjaScope(inside: scope)) { () throws(ChatTemplateError) in
      for (target, value) in evaluated { try assign(value, to: target) }
      return try run(body)
    }
  }

  /// What `body` writes, through a filter if there is one.
  private func captured(
    _ body: [JinjaStatement], _ filter: JinjaExpression?
  ) throws(ChatTemplateError) -> JinjaValue {
    let text = JinjaValue.string(try captured(body))
    guard let filter else { return text }
    return try evaluate(filter, filtering: text)
  }

  private func captured(_ body: [JinjaStatement]) throws(ChatTemplateError) -> JinjaString {
    let before = output
    output = JinjaString()
    defer { output = before }
    _ = try inScope(JinjaScope(inside: scope)) { () throws(ChatTemplateError) in try run(body) }
    return output
  }

  private func assign(_ value: JinjaValue, to target: JinjaTarget) throws(ChatTemplateError) {
    switch target {
    case .name(let name): scope[name] = value
    case .attribute(let object, let name):
      guard case .namespace(let namespace) = scope[object] else {
        throw failure("`\(object)` is no namespace, so `\(object).\(name)` cannot be set")
      }
      namespace.members[.string(JinjaString(name))] = value
    case .tuple(let targets):
      guard let items = value.items, items.count == targets.count else {
        throw failure("\(value.typeName) does not unpack into \(targets.count) names")
      }
      for (item, target) in zip(items, targets) { try assign(item, to: target) }
    }
  }
}

// MARK: - Loops

extension JinjaInterpreter {
  private func run(_ loop: JinjaLoop) throws(ChatTemplateError) -> Ending {
    let value = try evaluate(loop.items)
    guard var items = value.items else {
      throw failure("a loop cannot go through \(value.typeName)")
    }
    if let condition = loop.condition { items = try kept(of: items, in: loop, where: condition) }
    guard !items.isEmpty else { return try run(loop.otherwise) }
    loopDepth += 1
    defer { loopDepth -= 1 }
    for (index, item) in items.enumerated() {
      let state = JinjaLoopState(index: index, depth: loopDepth, items: items)
      let round = JinjaScope(["loop": .loop(state)], inside: scope)
      let ending = try inScope(round) { () throws(ChatTemplateError) in
        try assign(item, to: loop.target)
        return try run(loop.body)
      }
      if ending == .leaveLoop { break }
    }
    return .ran
  }

  private func kept(
    of items: [JinjaValue], in loop: JinjaLoop, where condition: JinjaExpression
  ) throws(ChatTemplateError) -> [JinjaValue] {
    var kept: [JinjaValue] = []
    for item in items {
      let isKept = try inScope(JinjaScope(inside: scope)) { () throws(ChatTemplateError) in
        try assign(item, to: loop.target)
        return try evaluate(condition).isTrue
      }
      if isKept { kept.append(item) }
    }
    return kept
  }
}

// MARK: - Macros

extension JinjaInterpreter {
  func call(
    _ closure: JinjaMacroClosure, _ arguments: JinjaCallArguments
  ) throws(ChatTemplateError) -> JinjaValue {
    let macro = closure.macro
    let inner = JinjaScope(inside: closure.scope)
    var arguments = arguments
    return try inScope(inner) { () throws(ChatTemplateError) in
      for parameter in macro.parameters {
        if let value = arguments.take(parameter.name) {
          inner[parameter.name] = value
        } else if let value = parameter.value {
          inner[parameter.name] = try evaluate(value)
        } else {
          inner[parameter.name] = .undefined(parameter.name)
        }
      }
      try arguments.expectNoMore(for: "the macro `\(macro.name)`", line: line)
      let line = self.line
      defer { self.line = line }
      return .string(try captured(macro.body))
    }
  }
}

// MARK: - Expressions

extension JinjaInterpreter {
  /// - Parameter filtering: what a filter without a value of its own works on.
  func evaluate(
    _ expression: JinjaExpression, filtering: JinjaValue? = nil
  ) throws(ChatTemplateError) -> JinjaValue {
    try nested { () throws(ChatTemplateError) in
      switch expression {
      case .literal(let value): value
      case .name(let name): lookUp(name)
      case .list(let items): .list(try evaluate(items))
      case .tuple(let items): .tuple(try evaluate(items))
      case .dictionary(let members): try dictionary(members)
      case .attribute(let object, let name): try attribute(name, of: try evaluate(object))
      case .item(let object, let key):
        try item(try evaluate(key), of: try evaluate(object))
      case .slice(let object, let slice): try self.slice(try evaluate(object), slice)
      case .call(let callee, let arguments): try call(try evaluate(callee), arguments)
      case .filter(let value, let filter, let arguments):
        try apply(filter, value, arguments, filtering)
      case .test(let value, let test, let arguments):
        .bool(try self.test(test, try evaluate(value), try evaluate(arguments)))
      case .not(let value): .bool(!(try evaluate(value).isTrue))
      case .negative(let value): try calculate(.subtract, .int(0), try evaluate(value))
      case .positive(let value): try calculate(.add, .int(0), try evaluate(value))
      case .arithmetic(let first, let rest): try arithmetic(first, rest)
      case .comparison(let first, let rest): .bool(try compare(first, rest))
      case .and(let parts): try firstPart(of: parts, being: false)
      case .or(let parts): try firstPart(of: parts, being: true)
      case .conditional(let test, let value, let other):
        try conditional(test, value, other)
      }
    }
  }

  private func evaluate(
    _ expressions: [JinjaExpression]
  ) throws(ChatTemplateError) -> [JinjaValue] {
    var values: [JinjaValue] = []
    for expression in expressions { values.append(try evaluate(expression)) }
    return values
  }

  private func lookUp(_ name: String) -> JinjaValue {
    scope[name] ?? JinjaFunction(rawValue: name).map { .function($0) } ?? .undefined(name)
  }

  private func dictionary(
    _ members: [(key: JinjaExpression, value: JinjaExpression)]
  ) throws(ChatTemplateError) -> JinjaValue {
    var dictionary = JinjaDictionary()
    for (key, value) in members { dictionary[try evaluate(key)] = try evaluate(value) }
    return .dictionary(dictionary)
  }

  /// `and` and `or` give the first part that decides, or the last.
  private func firstPart(
    of parts: [JinjaExpression], being wanted: Bool
  ) throws(ChatTemplateError) -> JinjaValue {
    var value = JinjaValue.none
    for part in parts {
      value = try evaluate(part)
      if value.isTrue == wanted { break }
    }
    return value
  }

  private func conditional(
    _ test: JinjaExpression, _ value: JinjaExpression, _ other: JinjaExpression?
  ) throws(ChatTemplateError) -> JinjaValue {
    if try evaluate(test).isTrue { return try evaluate(value) }
    guard let other else { return .undefined("the `else` of an inline `if`") }
    return try evaluate(other)
  }

  private func apply(
    _ filter: JinjaFilter, _ value: JinjaExpression?, _ arguments: JinjaArguments,
    _ filtering: JinjaValue?
  ) throws(ChatTemplateError) -> JinjaValue {
    let input: JinjaValue
    switch value {
    case nil: input = filtering ?? .undefined("the value of a filter")
    case .filter(let inner, _, _)? where filtering != nil && inner == nil:
      input = try evaluate(value ?? .literal(.none), filtering: filtering)
    case let value?: input = try evaluate(value, filtering: filtering)
    }
    return try apply(filter, to: input, try evaluated(arguments))
  }

  func evaluated(_ arguments: JinjaArguments) throws(ChatTemplateError) -> JinjaCallArguments {
    var result = JinjaCallArguments(positional: try evaluate(arguments.positional)[...])
    for (name, value) in arguments.named { result.named.append((name, try evaluate(value))) }
    return result
  }

  // MARK: Operators

  private func arithmetic(
    _ first: JinjaExpression, _ rest: [(operation: JinjaOperator, right: JinjaExpression)]
  ) throws(ChatTemplateError) -> JinjaValue {
    var value = try evaluate(first)
    for (operation, right) in rest { value = try calculate(operation, value, try evaluate(right)) }
    return value
  }

  private func compare(
    _ first: JinjaExpression, _ rest: [(comparison: JinjaComparison, right: JinjaExpression)]
  ) throws(ChatTemplateError) -> Bool {
    var left = try evaluate(first)
    for (comparison, right) in rest {
      let right = try evaluate(right)
      guard try compare(comparison, left, right) else { return false }
      left = right
    }
    return true
  }
}

/// The values passed in a call.
struct JinjaCallArguments {
  var positional: ArraySlice<JinjaValue> = []
  var named: [(name: String, value: JinjaValue)] = []

  /// The next argument by position, or else the one of this name.
  mutating func take(_ name: String) -> JinjaValue? {
    if let value = positional.popFirst() { return value }
    guard let index = named.firstIndex(where: { $0.name == name }) else { return nil }
    return named.remove(at: index).value
  }

  func expectNoMore(for callee: String, line: Int) throws(ChatTemplateError) {
    guard positional.isEmpty, named.isEmpty else {
      let names = named.map { " `\($0.name)`" }.joined()
      throw .failed(line: line, problem: "\(callee) takes no further arguments\(names)")
    }
  }
}
