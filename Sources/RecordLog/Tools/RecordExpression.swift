/// A question to a record, such as `.score > 0.5 and .source == "x"`.
///
/// Operands are paths into the record (`.a.b[0]`), numbers, strings, `true`, `false`, `null`, and
/// `$seq`, `$type`, `$bytes` of the record itself. They are compared with `==`, `!=`, `<`, `<=`, `>`,
/// `>=` and joined with `not`, `and`, `or` and parentheses. `length(x)` counts characters, elements or
/// members; `contains(x, y)`, `startsWith(x, y)` look into strings. What is not there is null: it
/// equals null only, and is neither smaller nor larger than anything.
public struct RecordExpression: Sendable {
  indirect enum Node: Sendable {
    case literal(JSONValue)
    case path(JSONPath)
    case sequence
    case type
    case size
    case not(Node)
    case both(Node, Node)
    case either(Node, Node)
    case compare(Comparison, Node, Node)
    case length(Node)
    case contains(Node, Node)
    case startsWith(Node, Node)
  }

  enum Comparison: String, Sendable {
    case equal = "=="
    case unequal = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
  }

  let root: Node

  public init(parsing text: String) throws(ExpressionError) {
    var parser = ExpressionParser(text)
    root = try parser.parse()
  }

  /// The value that the expression has for `record`.
  public func value(of record: Record) throws(ExpressionError) -> JSONValue {
    do throws(ExpressionError.Problem) {
      if let fault = JSONSyntax.fault(in: record.bytes.rawSpan) { throw .notJSON(fault) }
      return try value(of: root, record)
    } catch {
      throw ExpressionError(error, sequence: record.sequence)
    }
  }

  /// Whether the expression holds for `record`; null does not.
  public func holds(for record: Record) throws(ExpressionError) -> Bool {
    switch try value(of: record) {
    case .bool(let isTrue): return isTrue
    case .null: return false
    case let other:
      throw ExpressionError(.notCondition(other.kind), sequence: record.sequence)
    }
  }
}

extension RecordExpression {
  private typealias Problem = ExpressionError.Problem

  private func value(of node: Node, _ record: Record) throws(ExpressionError.Problem) -> JSONValue {
    switch node {
    case .literal(let value): return value
    case .path(let path): return path.value(in: record.bytes) ?? .null
    case .sequence: return .integer(Int64(clamping: record.sequence))
    case .type: return record.typeName.map(JSONValue.string) ?? .integer(Int64(record.type))
    case .size: return .integer(Int64(record.bytes.count))
    case .not(let a): return .bool(try !isTrue(a, record))
    case .both(let a, let b):
      guard try isTrue(a, record) else { return .bool(false) }
      return .bool(try isTrue(b, record))
    case .either(let a, let b):
      if try isTrue(a, record) { return .bool(true) }
      return .bool(try isTrue(b, record))
    case .compare(let comparison, let a, let b):
      return .bool(try compare(value(of: a, record), comparison, value(of: b, record)))
    case .length(let a): return try length(value(of: a, record))
    case .contains(let a, let b):
      return try look("contains", a, b, record) { $0.contains($1) }
    case .startsWith(let a, let b):
      return try look("startsWith", a, b, record) { $0.hasPrefix($1) }
    }
  }

  private func isTrue(_ node: Node, _ record: Record) throws(ExpressionError.Problem) -> Bool {
    switch try value(of: node, record) {
    case .bool(let isTrue): return isTrue
    case .null: return false
    case let other: throw .notCondition(other.kind)
    }
  }

  private func compare(
    _ a: JSONValue, _ comparison: Comparison, _ b: JSONValue
  ) throws(ExpressionError.Problem) -> Bool {
    let (isEqual, isLess) = try order(a, b, comparison)
    return switch comparison {
    case .equal: isEqual
    case .unequal: !isEqual
    case .less: isLess
    case .lessOrEqual: isLess || isEqual
    case .greater: !isLess && !isEqual && a != .null && b != .null
    case .greaterOrEqual: !isLess && a != .null && b != .null
    }
  }

  private func order(
    _ a: JSONValue, _ b: JSONValue, _ comparison: Comparison
  ) throws(ExpressionError.Problem) -> (isEqual: Bool, isLess: Bool) {
    switch (a, b) {
    case (.integer(let a), .integer(let b)): return (a == b, a < b)
    case (.string(let a), .string(let b)):
      return (a.utf8.elementsEqual(b.utf8), a.utf8.lexicographicallyPrecedes(b.utf8))
    case (.null, .null): return (comparison == .equal || comparison == .unequal, false)
    case (.null, _), (_, .null): return (false, false)
    default: break
    }
    if let a = a.double, let b = b.double { return (a == b, a < b) }
    guard comparison == .equal || comparison == .unequal else {
      throw .incomparable(a.kind, comparison.rawValue, b.kind)
    }
    return (a == b, false)
  }

  private func length(_ value: JSONValue) throws(ExpressionError.Problem) -> JSONValue {
    switch value {
    case .null: return .null
    case .string(let text): return .integer(Int64(text.unicodeScalars.count))
    case .array(let elements): return .integer(Int64(elements.count))
    case .object(let members): return .integer(Int64(members.count))
    default: throw .unfit("length", value.kind)
    }
  }

  private func look(
    _ name: String, _ a: Node, _ b: Node, _ record: Record, _ test: (String, String) -> Bool
  ) throws(ExpressionError.Problem) -> JSONValue {
    let (a, b) = (try value(of: a, record), try value(of: b, record))
    switch (a, b) {
    case (.null, _), (_, .null): return .null
    case (.string(let text), .string(let part)): return .bool(test(text, part))
    case (.string, _): throw .unfit(name, b.kind)
    default: throw .unfit(name, a.kind)
    }
  }
}

extension JSONValue {
  /// As one says it.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool: "true or false"
    case .integer, .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }

  var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }
}
