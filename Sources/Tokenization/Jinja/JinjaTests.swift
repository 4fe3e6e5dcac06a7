/// What stands after `is`.
enum JinjaTest: String {
  case defined, undefined, none, string, mapping, iterable, sequence, number, integer, float
  case boolean, `true`, `false`, odd, even, upper, lower, callable, divisibleby
  case equal = "equalto"
  case notEqual = "ne"
  case less = "lessthan"
  case lessOrEqual = "le"
  case greater = "greaterthan"
  case greaterOrEqual = "ge"
  case isIn = "in"
  case sameAs = "sameas"

  private static let aliases: [String: JinjaTest] = [
    "eq": .equal, "==": .equal, "!=": .notEqual, "lt": .less, "<": .less, "<=": .lessOrEqual,
    "gt": .greater, ">": .greater, ">=": .greaterOrEqual,
  ]

  init?(named name: String) {
    guard let test = Self(rawValue: name) ?? Self.aliases[name] else { return nil }
    self = test
  }

  fileprivate var comparison: JinjaComparison? {
    switch self {
    case .equal: .equal
    case .notEqual: .notEqual
    case .less: .less
    case .lessOrEqual: .lessOrEqual
    case .greater: .greater
    case .greaterOrEqual: .greaterOrEqual
    case .isIn: .isIn
    default: nil
    }
  }
}

extension JinjaInterpreter {
  func test(
    _ test: JinjaTest, _ value: JinjaValue, _ arguments: [JinjaValue]
  ) throws(ChatTemplateError) -> Bool {
    if let comparison = test.comparison {
      return try compare(comparison, value, try argument(of: test, arguments))
    }
    switch test {
    case .odd, .even, .divisibleby: return try divides(test, value, arguments)
    case .sameAs: return Self.isSame(value, try argument(of: test, arguments))
    default: return Self.hasType(test, value)
    }
  }

  private func argument(
    of test: JinjaTest, _ arguments: [JinjaValue]
  ) throws(ChatTemplateError) -> JinjaValue {
    guard let argument = arguments.first else {
      throw failure("the test `\(test.rawValue)` needs a value to compare with")
    }
    return argument
  }

  private func divides(
    _ test: JinjaTest, _ value: JinjaValue, _ arguments: [JinjaValue]
  ) throws(ChatTemplateError) -> Bool {
    guard let number = value.asInt else {
      throw failure("the test `\(test.rawValue)` takes whole numbers, not \(value.typeName)")
    }
    if test != .divisibleby { return (number & 1 == 1) == (test == .odd) }
    guard let divisor = try argument(of: test, arguments).asInt, divisor != 0 else {
      throw failure("division by zero")
    }
    return divisor == -1 || number % divisor == 0
  }

  private static func isSame(_ left: JinjaValue, _ right: JinjaValue) -> Bool {
    left.typeName == right.typeName && left == right
  }

  private static func hasType(_ test: JinjaTest, _ value: JinjaValue) -> Bool {
    switch (test, value) {
    case (.undefined, _): value.isUndefined
    case (.defined, _): !value.isUndefined
    case (.none, .none), (.string, .string), (.mapping, .dictionary), (.boolean, .bool): true
    case (.number, .int), (.number, .double), (.number, .bool): true
    case (.integer, .int), (.float, .double): true
    case (.true, .bool(let value)): value
    case (.false, .bool(let value)): !value
    case (.iterable, _): value.items != nil
    case (.sequence, _): value.items != nil
    case (.callable, .macro), (.callable, .function), (.callable, .method): true
    case (.upper, .string(let text)): text.isUppercase
    case (.lower, .string(let text)): text.isLowercase
    default: false
    }
  }
}
