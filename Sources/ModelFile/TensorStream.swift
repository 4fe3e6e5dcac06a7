import Bytes

/// Writes tensors one after the other into a file that replaces another when it is complete, and
/// holds the caller to the sizes that were announced.
struct TensorStream: ~Copyable {
  struct Tensor {
    var name: String
    var byteCount: Int
  }

  private var replacement: FileReplacement
  private let tensors: [Tensor]
  private let alignment: Int
  private var current = 0
  /// Bytes of the current tensor that are already written.
  private var filled = 0

  /// Opens the file and writes what stands before the tensors.
  init(
    path: String, front: [UInt8], alignment: Int, tensors: [Tensor]
  ) throws(ModelFileError) {
    replacement = try files { () throws(FileError) in try Self.open(path, front) }
    self.tensors = tensors
    self.alignment = alignment
  }

  private static func open(
    _ path: String, _ front: [UInt8]
  ) throws(FileError) -> FileReplacement {
    let replacement = try FileReplacement(path: path)
    try replacement.write(front)
    return replacement
  }

  /// Bytes that belong to no tensor.
  func put(_ bytes: [UInt8]) throws(ModelFileError) {
    do throws(FileError) { try replacement.write(bytes) } catch { throw .file(error) }
  }

  /// Writes a piece of the current tensor and, at its end, zeros up to the alignment.
  /// - Returns: the zeros.
  mutating func append(_ bytes: [UInt8]) throws(ModelFileError) -> [UInt8] {
    precondition(current < tensors.count, "all tensors are complete")
    let tensor = tensors[current]
    precondition(
      filled + bytes.count <= tensor.byteCount,
      "\(tensor.name) has \(tensor.byteCount) bytes, got \(filled + bytes.count)")
    try put(bytes)
    filled += bytes.count
    guard filled == tensor.byteCount else { return [] }
    current += 1
    filled = 0
    let rest = tensor.byteCount % alignment
    let padding = [UInt8](repeating: 0, count: rest == 0 ? 0 : alignment - rest)
    try put(padding)
    return padding
  }

  consuming func commit() throws(ModelFileError) {
    precondition(current == tensors.count, "tensor \(current) of \(tensors.count) is not complete")
    do throws(FileError) { try replacement.commit() } catch { throw .file(error) }
  }
}

extension [Float] {
  /// The bytes of the numbers in the order of all our formats.
  public var littleEndianBytes: [UInt8] {
    #if _endian(little)
      return unsafe withUnsafeBytes { unsafe [UInt8]($0) }
    #else
      return flatMap { value in
        unsafe Swift.withUnsafeBytes(of: value.bitPattern.littleEndian) { unsafe [UInt8]($0) }
      }
    #endif
  }
}
