public import Bytes

/// How a packed file stores the numbers of a tensor.
public enum PackedEncoding: UInt32, Sendable {
  /// Row-major, little-endian.
  case float32 = 0
  /// Panels of 32 rows of signed 8-bit codes with a float16 scale per 32 numbers of a row; rows and
  /// columns are padded to multiples of 32. The bytes are the kernels' business.
  case int8Panels = 1

  /// Bytes of a tensor of this shape; nil where that overflows.
  public func byteCount(rows: Int, columns: Int) -> Int? {
    guard rows > 0, columns > 0 else { return nil }
    switch self {
    case .float32: return product([rows, columns, 4])
    case .int8Panels: return product([(rows - 1) / 32 + 1, (columns - 1) / 32 + 1, 32 * 34])
    }
  }
}

/// What a tensor of a packed file is called and looks like.
public struct PackedTensorShape: Equatable, Sendable {
  /// As in GGUF, such as `blk.0.attn_q.weight`.
  public var name: String
  public var rows: Int
  public var columns: Int
  public var encoding: PackedEncoding

  public init(name: String, rows: Int, columns: Int, encoding: PackedEncoding) {
    self.name = name
    self.rows = rows
    self.columns = columns
    self.encoding = encoding
  }
}

/// A tensor of a packed file, in place.
public struct PackedTensor: Sendable {
  public let shape: PackedTensorShape
  /// Begins at a multiple of 64 bytes in memory.
  public let bytes: MappedBytes

  public var name: String { shape.name }
  public var rows: Int { shape.rows }
  public var columns: Int { shape.columns }
  public var encoding: PackedEncoding { shape.encoding }
}
