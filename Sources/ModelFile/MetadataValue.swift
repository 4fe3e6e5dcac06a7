/// A value under a key, of one of the types that GGUF knows.
public enum MetadataValue: Equatable, Sendable {
  case u8(UInt8), i8(Int8), u16(UInt16), i16(Int16), u32(UInt32), i32(Int32), u64(UInt64), i64(
    Int64)
  case f32(Float), f64(Double)
  case bool(Bool)
  case string(String)
  case array(MetadataArray)

  public static func strings(_ texts: [String]) -> MetadataValue {
    .array(.string(TextList(texts)))
  }
  public static func numbers(_ values: [Float]) -> MetadataValue { .array(.f32(values)) }
  public static func integers(_ values: [Int32]) -> MetadataValue { .array(.i32(values)) }
}

/// A list of values of one type. Lists of lists, which GGUF allows, are not supported.
public enum MetadataArray: Equatable, Sendable {
  case u8([UInt8]), i8([Int8]), u16([UInt16]), i16([Int16])
  case u32([UInt32]), i32([Int32]), u64([UInt64]), i64([Int64])
  case f32([Float]), f64([Double])
  case bool([Bool])
  case string(TextList)
}

extension MetadataValue {
  /// An integer of any width that fits; nil for other types.
  public var integer: Int? {
    switch self {
    case .u8(let value): Int(value)
    case .i8(let value): Int(value)
    case .u16(let value): Int(value)
    case .i16(let value): Int(value)
    case .u32(let value): Int(value)
    case .i32(let value): Int(value)
    case .u64(let value): Int(exactly: value)
    case .i64(let value): Int(value)
    case .f32, .f64, .bool, .string, .array: nil
    }
  }

  /// A floating-point number or an integer; nil for other types.
  public var number: Double? {
    switch self {
    case .f32(let value): Double(value)
    case .f64(let value): value
    default: integer.map(Double.init)
    }
  }
}

extension MetadataArray {
  public var count: Int {
    switch self {
    case .u8(let values): values.count
    case .i8(let values): values.count
    case .u16(let values): values.count
    case .i16(let values): values.count
    case .u32(let values): values.count
    case .i32(let values): values.count
    case .u64(let values): values.count
    case .i64(let values): values.count
    case .f32(let values): values.count
    case .f64(let values): values.count
    case .bool(let values): values.count
    case .string(let values): values.count
    }
  }

  /// Integers of any width; nil for other types, and where one does not fit.
  public var integers: [Int]? {
    switch self {
    case .u8(let values): values.map(Int.init)
    case .i8(let values): values.map(Int.init)
    case .u16(let values): values.map(Int.init)
    case .i16(let values): values.map(Int.init)
    case .u32(let values): values.map(Int.init)
    case .i32(let values): values.map(Int.init)
    case .u64(let values): exactly(values)
    case .i64(let values): values.map(Int.init)
    case .f32, .f64, .bool, .string: nil
    }
  }

  /// Floating-point numbers or integers, as float32; nil for other types.
  public var numbers: [Float]? {
    switch self {
    case .f32(let values): values
    case .f64(let values): values.map(Float.init)
    default: integers?.map(Float.init)
    }
  }

  private func exactly(_ values: [UInt64]) -> [Int]? {
    let fitting = values.compactMap { Int(exactly: $0) }
    return fitting.count == values.count ? fitting : nil
  }
}
