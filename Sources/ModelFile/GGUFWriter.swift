import Bytes

/// What a tensor to be written to a GGUF file is called and looks like.
public struct GGUFTensorShape: Equatable, Sendable {
  public var name: String
  /// The innermost first.
  public var dimensions: [Int]
  public var type: ElementType

  /// - Precondition: rows consist of whole blocks of the type.
  public init(name: String, dimensions: [Int], type: ElementType) {
    precondition(!dimensions.isEmpty && dimensions.allSatisfy { $0 > 0 }, "\(name): \(dimensions)")
    precondition(dimensions[0] % type.blockCount == 0, "\(name): a part of a \(type.name) block")
    self.name = name
    self.dimensions = dimensions
    self.type = type
  }

  public var byteCount: Int {
    dimensions.reduce(1, *) / type.blockCount * type.blockBytes
  }
}

/// Writes a GGUF file, version 3, tensor by tensor; memory does not depend on the model's size.
///
/// The bytes of the tensors are appended in the order in which the shapes were given, in pieces of
/// any size. The path leads to the new file only after ``commit()``.
public struct GGUFWriter: ~Copyable {
  private var stream: TensorStream

  public init(
    path: String, metadata: Metadata, tensors: [GGUFTensorShape]
  ) throws(ModelFileError) {
    var metadata = metadata
    metadata[GGUFLayout.alignmentKey] = nil
    var front = ByteWriter()
    front.append(bytes: GGUFLayout.magic)
    front.append(GGUFLayout.written)
    front.append(UInt64(tensors.count))
    front.append(UInt64(metadata.count))
    front.append(metadata)
    front.append(directory: tensors)
    if !tensors.isEmpty { front.pad(to: GGUFLayout.alignment) }
    stream = try TensorStream(
      path: path, front: front.bytes, alignment: GGUFLayout.alignment,
      tensors: tensors.map { .init(name: $0.name, byteCount: $0.byteCount) })
  }

  /// More bytes of the current tensor, or the first ones of the next, in the tensor's type.
  /// - Precondition: they do not reach beyond the end of one tensor.
  public mutating func append(_ bytes: [UInt8]) throws(ModelFileError) {
    _ = try stream.append(bytes)
  }

  /// More numbers of a tensor of float32.
  public mutating func append(floats: [Float]) throws(ModelFileError) {
    try append(floats.littleEndianBytes)
  }

  /// - Precondition: all tensors are complete.
  public consuming func commit() throws(ModelFileError) { try stream.commit() }
}

extension ByteWriter {
  fileprivate mutating func append(directory tensors: [GGUFTensorShape]) {
    var offset = 0
    for tensor in tensors {
      append(text: tensor.name)
      append(UInt32(tensor.dimensions.count))
      for dimension in tensor.dimensions { append(UInt64(dimension)) }
      append(tensor.type.rawValue)
      append(UInt64(offset))
      offset += tensor.byteCount
      offset = (offset + GGUFLayout.alignment - 1) / GGUFLayout.alignment * GGUFLayout.alignment
    }
  }
}
