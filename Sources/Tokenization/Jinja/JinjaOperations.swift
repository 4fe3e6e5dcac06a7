/// Operators, access to members, and calls.
extension JinjaInterpreter {
  func compare(
    _ comparison: JinjaComparison, _ left: JinjaValue, _ right: JinjaValue
  ) throws(ChatTemplateError) -> Bool {
    switch comparison {
    case .equal: return left == right
    case .notEqual: return left != right
    case .less: return try isLess(left, right)
    case .greater: return try isLess(right, left)
    case .lessOrEqual: return left == right ? true : try isLess(left, right)
    case .greaterOrEqual: return left == right ? true : try isLess(right, left)
    case .isIn: return try contains(right, left)
    case .isNotIn: return try !contains(right, left)
    }
  }

  private func isLess(_ left: JinjaValue, _ right: JinjaValue) throws(ChatTemplateError) -> Bool {
    guard let isLess = left.isLess(than: right) else {
      throw failure("\(left.typeName) and \(right.typeName) have no order")
    }
    return isLess
  }

  func contains(
    _ container: JinjaValue, _ item: JinjaValue
  ) throws(ChatTemplateError) -> Bool {
    guard let contains = container.contains(item) else {
      throw failure("\(item.typeName) cannot be looked for in \(container.typeName)")
    }
    return contains
  }

  func calculate(
    _ operation: JinjaOperator, _ left: JinjaValue, _ right: JinjaValue
  ) throws(ChatTemplateError) -> JinjaValue {
    if operation == .concatenate { return .string(try checked(left.text + right.text)) }
    if operation != .divide, let left = left.asInt, let right = right.asInt,
      operation != .power || right >= 0
    {
      return .int(try whole(operation, left, right))
    }
    if let left = left.asDouble, let right = right.asDouble {
      return .double(try real(operation, left, right))
    }
    switch (operation, left, right) {
    case (.add, .string(let left), .string(let right)):
      return .string(try checked(left + right))
    case (.add, .list(let left), .list(let right)):
      try checkLength(left.count + right.count)
      return .list(left + right)
    case (.add, .tuple(let left), .tuple(let right)): return .tuple(left + right)
    case (.multiply, .string(let text), .int(let count)),
      (.multiply, .int(let count), .string(let text)):
      return .string(try repeated(text, count))
    case (.multiply, .list(let items), .int(let count)),
      (.multiply, .int(let count), .list(let items)):
      return .list(try repeated(items, count))
    case (.multiply, .tuple(let items), .int(let count)),
      (.multiply, .int(let count), .tuple(let items)):
      return .tuple(try repeated(items, count))
    default:
      throw failure("`\(operation.rawValue)` does not take \(left.typeName) and \(right.typeName)")
    }
  }

  private func repeated(
    _ text: JinjaString, _ count: Int
  ) throws(ChatTemplateError) -> JinjaString {
    let (bytes, overflows) = text.byteCount.multipliedReportingOverflow(by: max(0, count))
    try checkLength(overflows ? .max : bytes)
    return repeatElement(text, count: max(0, count)).joined()
  }

  private func repeated(
    _ items: [JinjaValue], _ count: Int
  ) throws(ChatTemplateError) -> [JinjaValue] {
    let (total, overflows) = items.count.multipliedReportingOverflow(by: max(0, count))
    guard !overflows, total <= Self.longestRange else {
      throw .tooMuch(line: line, what: "items in a list", limit: Self.longestRange)
    }
    return Array(repeatElement(items, count: max(0, count)).joined())
  }

  private func whole(
    _ operation: JinjaOperator, _ left: Int, _ right: Int
  ) throws(ChatTemplateError) -> Int {
    let result: (partialValue: Int, overflow: Bool)
    switch operation {
    case .add: result = left.addingReportingOverflow(right)
    case .subtract: result = left.subtractingReportingOverflow(right)
    case .multiply: result = left.multipliedReportingOverflow(by: right)
    case .power: result = Self.power(left, right)
    case .floorDivide, .remainder:
      guard right != 0 else { throw failure("division by zero") }
      let (quotient, overflow) = left.dividedReportingOverflow(by: right)
      guard !overflow else { throw failure("a number is too large") }
      // Python rounds towards minus infinity.
      let rest = left - quotient * right
      let isBelow = rest != 0 && (rest < 0) != (right < 0)
      if operation == .remainder { return isBelow ? rest + right : rest }
      return isBelow ? quotient - 1 : quotient
    case .concatenate, .divide: result = (0, true)
    }
    guard !result.overflow else { throw failure("a number is too large") }
    return result.partialValue
  }

  private static func power(_ base: Int, _ exponent: Int) -> (partialValue: Int, overflow: Bool) {
    guard base.magnitude > 1 else {
      return (exponent == 0 || (base == -1 && exponent % 2 == 0) ? 1 : base, false)
    }
    var result = 1
    for _ in 0..<min(exponent, 64) {
      let (next, overflow) = result.multipliedReportingOverflow(by: base)
      if overflow { return (0, true) }
      result = next
    }
    return (result, false)
  }

  private func real(
    _ operation: JinjaOperator, _ left: Double, _ right: Double
  ) throws(ChatTemplateError) -> Double {
    switch operation {
    case .add: return left + right
    case .subtract: return left - right
    case .multiply: return left * right
    case .power: throw failure("`**` takes whole numbers only")
    case .divide, .floorDivide, .remainder:
      guard right != 0 else { throw failure("division by zero") }
      if operation == .divide { return left / right }
      let quotient = (left / right).rounded(.down)
      return operation == .floorDivide ? quotient : left - quotient * right
    case .concatenate: return .nan
    }
  }
}

// MARK: - Members

extension JinjaInterpreter {
  /// `object.name`: methods go before members, as in Jinja.
  func attribute(
    _ name: String, of object: JinjaValue
  ) throws(ChatTemplateError) -> JinjaValue {
    if case .undefined(let missing) = object {
      throw failure("`\(missing)` is undefined, so it has no `\(name)`")
    }
    if let method = JinjaMethod(named: name, of: object) { return .method(of: object, method) }
    return member(name, of: object) ?? .undefined(name)
  }

  private func member(_ name: String, of object: JinjaValue) -> JinjaValue? {
    switch object {
    case .dictionary(let dictionary): dictionary[name]
    case .namespace(let namespace): namespace.members[name]
    case .loop(let loop): loop.attribute(name)
    default: nil
    }
  }

  /// `object[key]`: members go before methods.
  func item(_ key: JinjaValue, of object: JinjaValue) throws(ChatTemplateError) -> JinjaValue {
    if case .undefined(let missing) = object {
      throw failure("`\(missing)` is undefined, so it has no `\(key.text.text)`")
    }
    if case .dictionary(let dictionary) = object, let value = dictionary[key] { return value }
    if case .string(let name) = key {
      if let value = member(name.text, of: object) { return value }
      return JinjaMethod(named: name.text, of: object).map { .method(of: object, $0) }
        ?? .undefined(name.text)
    }
    guard let index = key.asInt, let items = object.sequence else {
      return .undefined(key.text.text)
    }
    let place = index < 0 ? index + items.count : index
    return items.indices.contains(place) ? items[place] : .undefined(key.text.text)
  }

  func slice(
    _ value: JinjaValue, _ slice: JinjaSlice
  ) throws(ChatTemplateError) -> JinjaValue {
    guard let items = value.sequence else { throw failure("\(value.typeName) has no slices") }
    let places = try places(of: slice, count: items.count)
    let taken = places.map { items[$0] }
    switch value {
    case .string: return .string(taken.map(\.text).joined())
    case .tuple: return .tuple(taken)
    default: return .list(taken)
    }
  }

  private func places(of slice: JinjaSlice, count: Int) throws(ChatTemplateError) -> [Int] {
    let step = try bound(slice.step) ?? 1
    guard step != 0, step > -Int(Int32.max), step < Int(Int32.max) else {
      throw failure("a slice cannot go in steps of \(step)")
    }
    func clamped(_ bound: Int?, _ otherwise: Int, _ range: ClosedRange<Int>) -> Int {
      guard let bound else { return otherwise }
      let place = bound < 0 ? bound + count : bound
      return min(max(place, range.lowerBound), range.upperBound)
    }
    let range = step > 0 ? 0...count : -1...(count - 1)
    let start = clamped(try bound(slice.start), step > 0 ? 0 : count - 1, range)
    let stop = clamped(try bound(slice.stop), step > 0 ? count : -1, range)
    return Array(stride(from: start, to: stop, by: step))
  }

  private func bound(_ expression: JinjaExpression?) throws(ChatTemplateError) -> Int? {
    guard let expression else { return nil }
    let value = try evaluate(expression)
    if case .none = value { return nil }
    guard let bound = value.asInt else {
      throw failure("\(value.typeName) is no bound of a slice")
    }
    return bound
  }
}

extension JinjaValue {
  /// What numbers can index.
  fileprivate var sequence: [JinjaValue]? {
    switch self {
    case .list, .tuple, .string: items
    default: nil
    }
  }
}

// MARK: - Calls

extension JinjaInterpreter {
  func call(
    _ callee: JinjaValue, _ arguments: JinjaArguments
  ) throws(ChatTemplateError) -> JinjaValue {
    let arguments = try evaluated(arguments)
    switch callee {
    case .macro(let closure): return try call(closure, arguments)
    case .function(let function): return try call(function, arguments)
    case .method(let object, let method): return try call(method, of: object, arguments)
    case .undefined(let name): throw failure("`\(name)` is undefined and cannot be called")
    default: throw failure("\(callee.typeName) cannot be called")
    }
  }

  private func call(
    _ function: JinjaFunction, _ arguments: JinjaCallArguments
  ) throws(ChatTemplateError) -> JinjaValue {
    var arguments = arguments
    switch function {
    case .raiseException: throw .refused(reason: arguments.take("message")?.text.text ?? "")
    case .strftimeNow:
      return .string(
        JinjaString(try formatted(date, arguments.take("format")?.text.text ?? "")))
    case .namespace:
      let namespace = JinjaNamespace(try dictionary(of: arguments))
      namespaces.append(namespace)
      return .namespace(namespace)
    case .dict: return .dictionary(try dictionary(of: arguments))
    case .range: return .list(try range(arguments))
    }
  }

  private func dictionary(
    of arguments: JinjaCallArguments
  ) throws(ChatTemplateError) -> JinjaDictionary {
    var dictionary = JinjaDictionary()
    if case .dictionary(let first)? = arguments.positional.first { dictionary = first }
    for (name, value) in arguments.named { dictionary[.string(JinjaString(name))] = value }
    return dictionary
  }

  private func range(_ arguments: JinjaCallArguments) throws(ChatTemplateError) -> [JinjaValue] {
    let bounds = arguments.positional.compactMap(\.asInt)
    guard bounds.count == arguments.positional.count, (1...3).contains(bounds.count) else {
      throw failure("`range` takes one to three whole numbers")
    }
    let start = bounds.count > 1 ? bounds[0] : 0
    let stop = bounds.count > 1 ? bounds[1] : bounds[0]
    let step = bounds.count > 2 ? bounds[2] : 1
    guard step != 0 else { throw failure("`range` cannot go in steps of 0") }
    // So far apart, no sum of them overflows.
    guard bounds.allSatisfy({ $0.magnitude < Int32.max }) else {
      throw failure("the bounds of a `range` are too large")
    }
    let values = Array(stride(from: start, to: stop, by: step).prefix(Self.longestRange + 1))
    guard values.count <= Self.longestRange else {
      throw .tooMuch(line: line, what: "numbers in a `range`", limit: Self.longestRange)
    }
    return values.map { .int($0) }
  }
}
