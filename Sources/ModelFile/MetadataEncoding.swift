import Bytes

/// How values are stored, in GGUF and in packed files alike.
///
///     key-value   text key | u32 type | value
///     text        u64 byte count | bytes
///     list        u32 type of the elements | u64 count | elements
enum MetadataType: UInt32, CaseIterable {
  case u8 = 0, i8, u16, i16, u32, i32, f32, bool, string, array, u64, i64, f64

  /// The fewest bytes that one value takes in a file.
  var fewestBytes: Int {
    switch self {
    case .u8, .i8, .bool: 1
    case .u16, .i16: 2
    case .u32, .i32, .f32: 4
    case .u64, .i64, .f64, .string: 8
    case .array: 12
    }
  }

  /// An empty text and the smallest value.
  static let fewestKeyValueBytes = 8 + 4 + 1
}

extension ByteWriter {
  mutating func append(text: String) {
    let bytes = Array(text.utf8)
    append(UInt64(bytes.count))
    append(bytes: bytes)
  }

  mutating func append(_ metadata: Metadata) {
    for key in metadata.keys {
      guard let value = metadata[key] else { continue }
      append(text: key)
      append(value)
    }
  }

  private mutating func append(_ type: MetadataType) { append(type.rawValue) }

  private mutating func append(_ value: MetadataValue) {
    switch value {
    case .u8(let value): append(MetadataType.u8); append(value)
    case .i8(let value): append(MetadataType.i8); append(value)
    case .u16(let value): append(MetadataType.u16); append(value)
    case .i16(let value): append(MetadataType.i16); append(value)
    case .u32(let value): append(MetadataType.u32); append(value)
    case .i32(let value): append(MetadataType.i32); append(value)
    case .u64(let value): append(MetadataType.u64); append(value)
    case .i64(let value): append(MetadataType.i64); append(value)
    case .f32(let value): append(MetadataType.f32); append(value.bitPattern)
    case .f64(let value): append(MetadataType.f64); append(value.bitPattern)
    case .bool(let value): append(MetadataType.bool); append(UInt8(value ? 1 : 0))
    case .string(let value): append(MetadataType.string); append(text: value)
    case .array(let values): append(MetadataType.array); append(values)
    }
  }

  private mutating func append(_ list: MetadataArray) {
    switch list {
    case .u8(let values): append(.u8, values)
    case .i8(let values): append(.i8, values)
    case .u16(let values): append(.u16, values)
    case .i16(let values): append(.i16, values)
    case .u32(let values): append(.u32, values)
    case .i32(let values): append(.i32, values)
    case .u64(let values): append(.u64, values)
    case .i64(let values): append(.i64, values)
    case .f32(let values): append(.f32, values.map(\.bitPattern))
    case .f64(let values): append(.f64, values.map(\.bitPattern))
    case .bool(let values): append(.bool, values.map { UInt8($0 ? 1 : 0) })
    case .string(let texts):
      append(MetadataType.string)
      append(UInt64(texts.count))
      append(bytes: texts.encoded)
    }
  }

  private mutating func append<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: MetadataType, _ values: [T]
  ) {
    append(type)
    append(UInt64(values.count))
    for value in values { append(value) }
  }
}
