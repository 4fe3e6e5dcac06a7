import Foundation

/// A JSON value as bytes that compare as the values do: null, false, true, numbers, strings by code
/// point, then arrays and objects by their text. Numbers compare as doubles.
public func sortKey(of value: JSONValue) -> [UInt8] {
  switch value {
  case .null: [0]
  case .bool(let value): [value ? 2 : 1]
  case .integer(let value): [3] + ascending(Double(value))
  case .number(let value): [3] + ascending(value)
  case .string(let value): [4] + Array(value.utf8)
  case .array: [5] + text(of: value)
  case .object: [6] + text(of: value)
  }
}

/// Eight bytes, most significant first.
func bigEndian(_ value: UInt64) -> [UInt8] {
  (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) }
}

/// IEEE numbers order like integers once the sign is turned: all bits of negative ones, else the
/// first. Both zeros are one.
private func ascending(_ number: Double) -> [UInt8] {
  let bits = number == 0 ? 0 : number.bitPattern
  return bigEndian(bits >> 63 == 1 ? ~bits : bits | 1 << 63)
}

/// The value with its members in order of their names.
func text(of value: JSONValue) -> [UInt8] {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return (try? encoder.encode(value)).map { [UInt8]($0) } ?? []
}
