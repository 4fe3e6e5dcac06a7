import Foundation

/// Something the loop reads or writes, one JSON object in a log.
///
/// Keys are snake_case and never change their meaning; a new meaning gets a new type name.
public protocol CorpusRecord: Codable, Equatable, Sendable {
  /// The name of the type in logs, with its version.
  static var typeName: String { get }

  /// A stable hash of what the record says and of where it comes from.
  var id: String { get }
}

extension CorpusRecord {
  /// The record as one line of JSON, ended by a newline; keys in alphabetical order.
  public func line() throws(CorpusError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return [UInt8](try encoder.encode(self)) + [UInt8(ascii: "\n")]
    } catch {
      throw .notJSON(type: Self.typeName, id: id)
    }
  }

  /// - Throws: what is wrong with `json`, in words.
  init(json: some Sequence<UInt8>) throws(JSONProblem) {
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(json))
    } catch {
      throw JSONProblem(error)
    }
  }
}

/// Why a line of JSON is not what was expected, in words for a person.
struct JSONProblem: Error, Equatable, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }

  init(_ error: any Error) {
    description =
      switch error as? DecodingError {
      case .keyNotFound(let key, _): "the column '\(key.stringValue)' is missing"
      case .typeMismatch(_, let context), .valueNotFound(_, let context):
        "the column '\(Self.path(context))' has another type than expected"
      case .dataCorrupted(let context) where !context.codingPath.isEmpty:
        "the column '\(Self.path(context))': \(context.debugDescription)"
      default: "not valid JSON"
      }
  }

  private static func path(_ context: DecodingError.Context) -> String {
    context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
      .joined(separator: ".")
  }
}
