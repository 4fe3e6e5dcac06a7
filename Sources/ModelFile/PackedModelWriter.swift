import Bytes

/// Writes a packed file tensor by tensor; memory does not depend on the model's size.
///
/// The bytes of the tensors are appended in the order in which the shapes were given, in pieces of
/// any size. The path leads to the new file only after ``commit()``.
public struct PackedModelWriter: ~Copyable {
  private var stream: TensorStream
  private var checksum: Checksum

  public init(
    path: String, metadata: Metadata, tensors shapes: [PackedTensorShape]
  ) throws(ModelFileError) {
    let front = try PackedFront(metadata: metadata, shapes: shapes, path: path)
    var checksum = Checksum()
    checksum.add(front.bytes)
    let stream = try TensorStream(
      path: path, front: front.bytes, alignment: PackedLayout.tensorAlignment,
      tensors: zip(shapes, front.byteCounts).map { .init(name: $0.name, byteCount: $1) })
    self.checksum = checksum
    self.stream = stream
  }

  /// More bytes of the current tensor, or the first ones of the next.
  /// - Precondition: they do not reach beyond the end of one tensor.
  public mutating func append(_ bytes: [UInt8]) throws(ModelFileError) {
    checksum.add(bytes)
    let padding = try stream.append(bytes)
    checksum.add(padding)
  }

  /// More numbers of a tensor of float32.
  public mutating func append(floats: [Float]) throws(ModelFileError) {
    try append(floats.littleEndianBytes)
  }

  /// - Precondition: all tensors are complete.
  /// - Returns: the fingerprint of the new file.
  @discardableResult
  public consuming func commit() throws(ModelFileError) -> String {
    let fingerprint = checksum.value
    var trailer = ByteWriter()
    trailer.append(fingerprint)
    trailer.append(bytes: PackedLayout.endMagic)
    try stream.put(trailer.bytes)
    try stream.commit()
    return Checksum.hexadecimal(fingerprint)
  }
}

/// Everything that stands before the weights.
private struct PackedFront {
  let byteCounts: [Int]
  let bytes: [UInt8]

  init(metadata: Metadata, shapes: [PackedTensorShape], path: String) throws(ModelFileError) {
    var keyValues = ByteWriter()
    keyValues.append(metadata)
    byteCounts = try shapes.map { (shape) throws(ModelFileError) in
      guard let count = shape.encoding.byteCount(rows: shape.rows, columns: shape.columns) else {
        throw .malformed(file: path, place: shape.name, problem: "a shape that overflows")
      }
      return count
    }
    let named = shapes.reduce(0) { $0 + $1.name.utf8.count }
    let directoryBytes = named + shapes.count * (PackedLayout.fewestTensorBytes - 1)
    let start = PackedLayout.aligned(
      PackedLayout.headerBytes + keyValues.count + directoryBytes,
      to: PackedLayout.pageAlignment)
    var directory = ByteWriter(reserving: directoryBytes)
    let end = directory.append(shapes, byteCounts, from: start)
    let header = PackedHeader(
      keyCount: UInt32(metadata.count), metadataBytes: UInt64(keyValues.count),
      tensorCount: UInt64(shapes.count), directoryBytes: UInt64(directoryBytes),
      tensorsStart: UInt64(start), totalBytes: UInt64(end + PackedLayout.trailerBytes))
    bytes = Self.joined(header.bytes, keyValues.bytes + directory.bytes)
  }

  private static func joined(_ header: [UInt8], _ rest: [UInt8]) -> [UInt8] {
    var checksum = Checksum()
    checksum.add(header)
    checksum.add(rest)
    var writer = ByteWriter()
    writer.append(bytes: header)
    writer.append(checksum.value)
    writer.append(bytes: rest)
    writer.pad(to: PackedLayout.pageAlignment)
    return writer.bytes
  }
}

extension ByteWriter {
  /// Appends the directory and gives the end of the last tensor, padded.
  fileprivate mutating func append(
    _ shapes: [PackedTensorShape], _ byteCounts: [Int], from start: Int
  ) -> Int {
    var offset = start
    for (shape, byteCount) in zip(shapes, byteCounts) {
      append(text: shape.name)
      append(UInt64(shape.rows))
      append(UInt64(shape.columns))
      append(shape.encoding.rawValue)
      append(UInt32(0))
      append(UInt64(offset))
      append(UInt64(byteCount))
      offset = PackedLayout.aligned(offset + byteCount, to: PackedLayout.tensorAlignment)
    }
    return offset
  }
}
