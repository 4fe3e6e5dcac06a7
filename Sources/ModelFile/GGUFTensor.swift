/// Where a tensor lies in a GGUF file.
public struct GGUFTensor: Equatable, Sendable {
  public let name: String
  /// As in the file: the innermost first.
  public let dimensions: [Int]
  public let type: ElementType
  /// The bytes of the file that hold it.
  public let range: Range<Int>

  /// Numbers in a row, which lie next to each other.
  public var columns: Int { dimensions[0] }
  /// A vector is one row; of more than two dimensions the outer ones count together.
  public var rows: Int { dimensions.dropFirst().reduce(1, *) }

  public var rowBytes: Int { range.count / rows }
}

/// The limits that a tensor directory is held to.
enum GGUFLayout {
  static let magic: [UInt8] = Array("GGUF".utf8)
  static let versions: ClosedRange<UInt32> = 2...3
  static let written: UInt32 = 3

  static let alignmentKey = "general.alignment"
  static let alignment = 32
  static let largestAlignment = 1 << 16

  static let mostDimensions = 4
  /// Name of one byte, one dimension, type, offset.
  static let fewestTensorBytes = 8 + 1 + 4 + 8 + 4 + 8
}
