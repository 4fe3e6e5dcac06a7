/// A value while a template is rendered; the types are Python's, so far as templates see them.
enum JinjaValue: Sendable {
  /// What a missing variable or member gives. It knows its name, for messages.
  case undefined(String)
  case none
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(JinjaString)
  case list([JinjaValue])
  case tuple([JinjaValue])
  case dictionary(JinjaDictionary)
  /// What `namespace()` makes: its attributes can be assigned from inner scopes.
  case namespace(JinjaNamespace)
  case loop(JinjaLoopState)
  case macro(JinjaMacroClosure)
  case function(JinjaFunction)
  /// A method that has been named but not yet called.
  indirect case method(of: JinjaValue, JinjaMethod)
}

/// The global functions.
enum JinjaFunction: String {
  case raiseException = "raise_exception"
  case strftimeNow = "strftime_now"
  case namespace
  case range
  case dict
}

/// Members in the order in which they were added.
struct JinjaDictionary: Sendable {
  private(set) var members: [(key: JinjaValue, value: JinjaValue)] = []

  init() {}

  init(_ members: [(JinjaValue, JinjaValue)]) {
    for (key, value) in members { self[key] = value }
  }

  /// O(members).
  subscript(key: JinjaValue) -> JinjaValue? {
    get { members.first { $0.key == key }?.value }
    set {
      let index = members.firstIndex { $0.key == key }
      switch (index, newValue) {
      case (let index?, let value?): members[index].value = value
      case (let index?, nil): members.remove(at: index)
      case (nil, let value?): members.append((key, value))
      case (nil, nil): break
      }
    }
  }
}

extension JinjaDictionary {
  subscript(name: String) -> JinjaValue? { self[.string(JinjaString(name))] }
}

// One rendering runs on one thread and never hands its values out.
final class JinjaNamespace: @unchecked Sendable {
  var members: JinjaDictionary

  init(_ members: JinjaDictionary) { self.members = members }
}

/// Where a loop is.
struct JinjaLoopState: Sendable {
  let index: Int
  let depth: Int
  let items: [JinjaValue]

  func attribute(_ name: String) -> JinjaValue? {
    switch name {
    case "index": .int(index + 1)
    case "index0": .int(index)
    case "revindex": .int(items.count - index)
    case "revindex0": .int(items.count - index - 1)
    case "first": .bool(index == 0)
    case "last": .bool(index == items.count - 1)
    case "length": .int(items.count)
    case "depth": .int(depth)
    case "depth0": .int(depth - 1)
    case "previtem": index > 0 ? items[index - 1] : .undefined("previtem")
    case "nextitem": index + 1 < items.count ? items[index + 1] : .undefined("nextitem")
    default: nil
    }
  }
}

/// A macro and the variables it sees.
struct JinjaMacroClosure: Sendable {
  let macro: JinjaMacro
  let scope: JinjaScope
}

/// The variables of a block and, through `parent`, of those around it.
// One rendering runs on one thread and never hands its scopes out.
final class JinjaScope: @unchecked Sendable {
  private var variables: [String: JinjaValue]
  private let parent: JinjaScope?

  init(_ variables: [String: JinjaValue] = [:], inside parent: JinjaScope? = nil) {
    self.variables = variables
    self.parent = parent
  }

  subscript(name: String) -> JinjaValue? {
    get { variables[name] ?? parent?[name] }
    set { variables[name] = newValue }
  }

  func removeAll() { variables = [:] }
}

extension JinjaValue: ExpressibleByStringLiteral {
  init(stringLiteral text: String) { self = .string(JinjaString(text)) }
}

// MARK: - Properties

extension JinjaValue {
  /// What a message calls the type.
  var typeName: String {
    switch self {
    case .undefined: "an undefined value"
    case .none: "none"
    case .bool: "a boolean"
    case .int, .double: "a number"
    case .string: "a string"
    case .list: "a list"
    case .tuple: "a tuple"
    case .dictionary: "a mapping"
    case .namespace: "a namespace"
    case .loop: "a loop"
    case .macro, .function, .method: "a function"
    }
  }

  var isTrue: Bool {
    switch self {
    case .undefined, .none: false
    case .bool(let value): value
    case .int(let value): value != 0
    case .double(let value): value != 0
    case .string(let text): !text.isEmpty
    case .list(let items), .tuple(let items): !items.isEmpty
    case .dictionary(let dictionary): !dictionary.members.isEmpty
    case .namespace, .loop, .macro, .function, .method: true
    }
  }

  var isUndefined: Bool {
    if case .undefined = self { return true }
    return false
  }

  /// Whole numbers, and booleans as Python counts them.
  var asInt: Int? {
    switch self {
    case .int(let value): value
    case .bool(let value): value ? 1 : 0
    default: nil
    }
  }

  var asDouble: Double? {
    if case .double(let value) = self { return value }
    return asInt.map(Double.init)
  }

  /// What a loop goes through; nil if it goes through nothing of this type.
  var items: [JinjaValue]? {
    switch self {
    case .undefined: []
    case .list(let items), .tuple(let items): items
    case .dictionary(let dictionary): dictionary.members.map(\.key)
    case .string(let text): text.characters.map { .string($0) }
    default: nil
    }
  }

  /// How many items or characters; nil for values that have none.
  var count: Int? {
    switch self {
    case .string(let text): text.text.unicodeScalars.count
    case .dictionary(let dictionary): dictionary.members.count
    default: items?.count
    }
  }
}

// MARK: - Comparing

extension JinjaValue: Equatable {
  static func == (left: JinjaValue, right: JinjaValue) -> Bool {
    switch (left, right) {
    case (.undefined, .undefined), (.none, .none): return true
    case (.string(let left), .string(let right)): return left == right
    case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
      return left == right
    case (.dictionary(let left), .dictionary(let right)):
      return left.members.count == right.members.count
        && left.members.allSatisfy { right[$0.key] == $0.value }
    case (.namespace(let left), .namespace(let right)): return left === right
    default:
      if let left = left.asInt, let right = right.asInt { return left == right }
      guard let left = left.asDouble, let right = right.asDouble else { return false }
      return left == right
    }
  }

  /// Whether `self` sorts before `other`; nil if they cannot be compared.
  func isLess(than other: JinjaValue) -> Bool? {
    if case .string(let left) = self, case .string(let right) = other {
      return left.text.unicodeScalars.lexicographicallyPrecedes(right.text.unicodeScalars)
    }
    if let left = asInt, let right = other.asInt { return left < right }
    guard let left = asDouble, let right = other.asDouble else { return nil }
    return left < right
  }

  /// `item in self`; nil if nothing can be in a value of this type.
  func contains(_ item: JinjaValue) -> Bool? {
    if case .string(let text) = self {
      guard case .string(let part) = item else { return nil }
      return text.contains(part)
    }
    return items?.contains(item)
  }
}
