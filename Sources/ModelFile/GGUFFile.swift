public import Bytes

/// A GGUF file, version 2 or 3, little-endian, mapped into memory.
///
/// Opening reads and checks metadata and tensor directory; the numbers stay in the file until they
/// are asked for.
public final class GGUFFile: Sendable {
  public let path: String
  public let version: UInt32
  public let metadata: Metadata
  /// In the order of the file's directory.
  public let tensors: [GGUFTensor]

  private let mapped: MappedFile
  private let places: [String: Int]

  public convenience init(path: String) throws(ModelFileError) {
    try self.init(files { () throws(FileError) in try MappedFile(path: path) })
  }

  public init(_ file: MappedFile) throws(ModelFileError) {
    var directory = GGUFDirectory(file: file)
    try directory.read()
    path = file.path
    mapped = file
    version = directory.version
    metadata = directory.metadata
    tensors = directory.tensors
    places = directory.places
  }

  /// Whether the file at `path` begins like a GGUF file.
  public static func isGGUF(path: String) -> Bool {
    guard let file = try? OpenFile(path: path) else { return false }
    return (try? file.read(upTo: 4)) == GGUFLayout.magic
  }

  public func tensor(_ name: String) -> GGUFTensor? { places[name].map { tensors[$0] } }

  /// The numbers of some rows, row-major. Takes time and memory by their number.
  public func floats(
    of tensor: GGUFTensor, rows: Range<Int>
  ) -> [Float] {
    let bytes = bytes(of: tensor, rows: rows)
    return unsafe mapped.withUnsafeBytes { all in
      let source = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: all[bytes]))
      return Dequantization.floats(source, type: tensor.type)
    }
  }

  /// The Q8_0 blocks of some rows as they are: per 32 numbers a float16 scale and 32 signed codes.
  /// - Precondition: the tensor's type is Q8_0.
  // swift-format-ignore: AlwaysUseLowerCamelCase
  public func q8_0Blocks(of tensor: GGUFTensor, rows: Range<Int>) -> [UInt8] {
    precondition(tensor.type == .q8_0, "\(tensor.name) is \(tensor.type.name), not Q8_0")
    return rawBytes(of: tensor, rows: rows)
  }

  /// Some rows as they are stored.
  public func rawBytes(of tensor: GGUFTensor, rows: Range<Int>) -> [UInt8] {
    let bytes = bytes(of: tensor, rows: rows)
    return unsafe mapped.withUnsafeBytes { all in unsafe [UInt8](all[bytes]) }
  }

  private func bytes(of tensor: GGUFTensor, rows: Range<Int>) -> Range<Int> {
    precondition(
      rows.lowerBound >= 0 && rows.upperBound <= tensor.rows,
      "\(tensor.name) has \(tensor.rows) rows, asked for \(rows)")
    let start = tensor.range.lowerBound
    return start + rows.lowerBound * tensor.rowBytes..<start + rows.upperBound * tensor.rowBytes
  }
}
