public import Bytes

/// Where a tensor lies in a safetensors file.
public struct SafetensorsTensor: Equatable, Sendable {
  public let name: String
  /// The outermost first; empty for a single number.
  public let shape: [Int]
  /// As in the file: `F32`, `BF16`, ….
  public let type: String
  /// The bytes of the file that hold it.
  public let range: Range<Int>

  /// Numbers in a row, which lie next to each other.
  public var columns: Int { shape.last ?? 1 }
  /// A vector is one row; of more than two dimensions the outer ones count together.
  public var rows: Int { shape.dropLast().reduce(1, *) }
}

/// A safetensors file, mapped into memory.
///
/// Opening reads and checks the header: the tensors must fill the file without gaps or overlaps, as
/// the format demands.
public final class SafetensorsFile: Sendable {
  public let path: String
  /// In the order of their bytes.
  public let tensors: [SafetensorsTensor]
  /// What stands under `__metadata__`, such as `format: pt`.
  public let notes: [String: String]

  private let mapped: MappedFile
  private let places: [String: Int]

  public convenience init(path: String) throws(ModelFileError) {
    try self.init(files { () throws(FileError) in try MappedFile(path: path) })
  }

  public init(_ file: MappedFile) throws(ModelFileError) {
    let header = try SafetensorsHeader(reading: file)
    path = file.path
    mapped = file
    tensors = header.tensors
    notes = header.notes
    places = Dictionary(
      tensors.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  public var names: [String] { tensors.map(\.name) }

  public func tensor(_ name: String) -> SafetensorsTensor? { places[name].map { tensors[$0] } }

  /// The numbers of some rows, row-major, from float32, float16 or bfloat16.
  public func floats(
    of tensor: SafetensorsTensor, rows: Range<Int>
  ) throws(ModelFileError) -> [Float] {
    precondition(
      rows.lowerBound >= 0 && rows.upperBound <= tensor.rows,
      "\(tensor.name) has \(tensor.rows) rows, asked for \(rows)")
    guard let type = SafetensorsLayout.floatTypes[tensor.type] else {
      throw .unsupportedType(file: path, tensor: tensor.name, type: tensor.type)
    }
    let rowBytes = tensor.columns * type.blockBytes
    let start = tensor.range.lowerBound
    let bytes = start + rows.lowerBound * rowBytes..<start + rows.upperBound * rowBytes
    return unsafe mapped.withUnsafeBytes { all in
      let source = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: all[bytes]))
      return Dequantization.floats(source, type: type)
    }
  }
}
