/// A JSON value that keeps the order of its members and the exact bytes of its strings.
///
/// Vocabularies hold strings that Swift, and Foundation's dictionaries with it, count as the same
/// because they are canonically equivalent. They are different tokens, so members are a list here.
public enum OrderedJSON: Equatable, Sendable {
  public struct Member: Equatable, Sendable {
    public let key: String
    public let value: OrderedJSON

    public init(key: String, value: OrderedJSON) {
      self.key = key
      self.value = value
    }
  }

  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([OrderedJSON])
  case object([Member])

  /// The first member named `key`; nil for others and for values that are no objects. O(members).
  public subscript(key: String) -> OrderedJSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  public var string: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  public var bool: Bool? {
    guard case .bool(let value) = self else { return nil }
    return value
  }

  public var integer: Int? {
    guard case .integer(let value) = self else { return nil }
    return value
  }

  public var array: [OrderedJSON]? {
    guard case .array(let values) = self else { return nil }
    return values
  }
}

/// Why text is no JSON, and at which byte that shows.
public struct OrderedJSONError: Error, Equatable, Sendable {
  public let offset: Int
  public let problem: String
}

extension OrderedJSON {
  /// Reads one JSON value that fills `bytes`. Nesting deeper than 64 is refused.
  public init(parsing bytes: [UInt8]) throws(OrderedJSONError) {
    var reader = OrderedJSONReader(bytes)
    self = try reader.document()
  }
}
