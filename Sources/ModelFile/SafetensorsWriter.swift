import Bytes

/// Writes a safetensors file of one type, tensor by tensor; memory does not depend on its size.
///
/// The numbers are appended in the order in which the shapes were given, in pieces of any size. The
/// path leads to the new file only after ``commit()``.
public struct SafetensorsWriter: ~Copyable {
  private var stream: TensorStream
  private let type: FloatType

  /// - Parameter tensors: names, each once, and shapes, the outermost dimension first.
  public init(
    path: String, tensors: [(name: String, shape: [Int])], type: FloatType = .f32
  ) throws(ModelFileError) {
    precondition(Set(tensors.map(\.name)).count == tensors.count, "a name appears twice")
    precondition(tensors.allSatisfy { $0.shape.allSatisfy { $0 > 0 } }, "a tensor is empty")
    self.type = type
    let front = try SafetensorsHeader.bytes(for: tensors, type: type, path: path)
    stream = try TensorStream(
      path: path, front: front, alignment: 1,
      tensors: tensors.map { .init(name: $0.name, byteCount: $0.shape.reduce(type.byteCount, *)) })
  }

  /// More numbers of the current tensor, or the first ones of the next.
  /// - Precondition: they do not reach beyond the end of one tensor.
  public mutating func append(_ floats: [Float]) throws(ModelFileError) {
    _ = try stream.append(type.bytes(of: floats))
  }

  /// - Precondition: all tensors are complete.
  public consuming func commit() throws(ModelFileError) { try stream.commit() }
}
