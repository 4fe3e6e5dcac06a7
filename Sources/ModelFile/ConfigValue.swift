import Foundation

/// A value of a JSON file such as `config.json`.
public enum ConfigValue: Equatable, Sendable, Decodable {
  case null
  case flag(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([ConfigValue])
  case object([String: ConfigValue])

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .flag(value)
    } else if let value = try? container.decode(Int.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let values = try? container.decode([ConfigValue].self) {
      self = .array(values)
    } else {
      self = .object(try container.decode([String: ConfigValue].self))
    }
  }

  /// The value under a key; nil where there is none or null, and where this is no object.
  public subscript(key: String) -> ConfigValue? {
    guard case .object(let members) = self, let member = members[key], member != .null else {
      return nil
    }
    return member
  }

  public var string: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  public var flag: Bool? {
    guard case .flag(let value) = self else { return nil }
    return value
  }

  /// A whole number, however it is written.
  public var integer: Int? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }

  public var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  public var array: [ConfigValue]? {
    guard case .array(let values) = self else { return nil }
    return values
  }
}

/// Decodes JSON from outside; the problem is told in the decoder's words.
func decodeJSON<T: Decodable>(
  _: T.Type, _ bytes: [UInt8], file: String
) throws(ModelFileError) -> T {
  do {
    return try JSONDecoder().decode(T.self, from: Data(bytes))
  } catch {
    let problem: String
    switch error as? DecodingError {
    case .typeMismatch(_, let context), .valueNotFound(_, let context),
      .keyNotFound(_, let context), .dataCorrupted(let context):
      let path = context.codingPath.map(\.stringValue).joined(separator: ".")
      problem = (path.isEmpty ? "" : "\(path): ") + context.debugDescription
    default: problem = "not JSON"
    }
    throw .malformed(file: file, place: "JSON", problem: problem)
  }
}
