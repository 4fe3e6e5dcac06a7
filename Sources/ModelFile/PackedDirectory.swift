import Bytes

/// Reads and checks everything of a packed file but the weights.
struct PackedDirectory {
  private(set) var metadata = Metadata()
  private(set) var tensors: [PackedTensor] = []
  private(set) var places: [String: Int] = [:]
  private(set) var fingerprint: UInt64 = 0

  private let file: MappedFile
  private let decoder: MetadataDecoder

  init(file: MappedFile) {
    self.file = file
    decoder = MetadataDecoder(file: file.path)
  }

  mutating func read() throws(ModelFileError) {
    let file = file
    var reader = ByteReader(file.bytes)
    let header = try header(&reader)
    let checksum: UInt64 = try decoder.next(&reader)
    try checkLengths(header)
    try checkFront(header, checksum, in: file)
    try checkAlignmentInMemory()
    metadata = try decoder.metadata(&reader, count: Int(header.keyCount))
    guard reader.offset == PackedLayout.headerBytes + Int(header.metadataBytes) else {
      throw malformed("metadata", "its length is not what the header says")
    }
    var end = Int(header.tensorsStart)
    for _ in 0..<header.tensorCount { try readTensor(&reader, from: &end) }
    guard reader.offset == header.frontBytes else {
      throw malformed("directory", "its length is not what the header says")
    }
    try readTrailer(&reader, at: end)
  }

  private func malformed(_ place: String, _ problem: String) -> ModelFileError {
    .malformed(file: file.path, place: place, problem: problem)
  }

  private func header(_ reader: inout ByteReader) throws(ModelFileError) -> PackedHeader {
    guard try decoder.bytes(&reader, count: PackedLayout.magic.count) == PackedLayout.magic else {
      throw .wrongKind(file: file.path, expected: "packed model")
    }
    let version: UInt32 = try decoder.next(&reader)
    guard version == PackedLayout.version else {
      throw .unsupportedVersion(
        file: file.path, found: version, supported: "\(PackedLayout.version)")
    }
    return PackedHeader(
      keyCount: try decoder.next(&reader), metadataBytes: try decoder.next(&reader),
      tensorCount: try decoder.next(&reader), directoryBytes: try decoder.next(&reader),
      tensorsStart: try decoder.next(&reader), totalBytes: try decoder.next(&reader))
  }

  private func checkLengths(_ header: PackedHeader) throws(ModelFileError) {
    let room = UInt64(file.byteCount)
    guard header.totalBytes == room else {
      throw .truncated(
        file: file.path, at: file.byteCount,
        wanted: Int(clamping: header.totalBytes) &- file.byteCount, remaining: 0)
    }
    guard header.metadataBytes <= room, header.directoryBytes <= room,
      header.tensorsStart <= room, header.tensorsStart % UInt64(PackedLayout.pageAlignment) == 0,
      UInt64(header.frontBytes) <= header.tensorsStart,
      header.tensorCount <= header.directoryBytes / UInt64(PackedLayout.fewestTensorBytes)
    else { throw malformed("header", "lengths that do not fit the file") }
  }

  /// Header, metadata and directory against their checksum.
  private func checkFront(
    _ header: PackedHeader, _ expected: UInt64, in file: MappedFile
  ) throws(ModelFileError) {
    var checksum = Checksum()
    checksum.add(header.bytes)
    checksum.add(file.bytes.extracting(PackedLayout.headerBytes..<header.frontBytes))
    guard checksum.value == expected else { throw .damaged(file: file.path, part: "header") }
  }

  /// A mapped file begins at a page; bytes linked into a program must be aligned by it.
  private func checkAlignmentInMemory() throws(ModelFileError) {
    let address = unsafe file.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    guard address % UInt(PackedLayout.tensorAlignment) == 0 else {
      throw malformed("memory", "not at a multiple of \(PackedLayout.tensorAlignment) bytes")
    }
  }

  /// Tensors lie in the order of the directory, each at the next multiple of the alignment.
  private mutating func readTensor(
    _ reader: inout ByteReader, from end: inout Int
  ) throws(ModelFileError) {
    let shape = try shape(&reader)
    let offset: UInt64 = try decoder.next(&reader)
    let byteCount: UInt64 = try decoder.next(&reader)
    let expectedOffset = PackedLayout.aligned(end, to: PackedLayout.tensorAlignment)
    let expectedBytes = shape.encoding.byteCount(rows: shape.rows, columns: shape.columns)
    guard offset == UInt64(expectedOffset), let expectedBytes, byteCount == UInt64(expectedBytes)
    else { throw malformed(shape.name, "its place or length contradicts its shape") }
    let (newEnd, overflow) = expectedOffset.addingReportingOverflow(expectedBytes)
    guard !overflow, newEnd <= file.byteCount - PackedLayout.trailerBytes else {
      throw .tensorOutsideFile(
        file: file.path, tensor: shape.name, endsAt: overflow ? .max : UInt64(newEnd),
        fileBytes: file.byteCount)
    }
    guard places.updateValue(tensors.count, forKey: shape.name) == nil else {
      throw malformed(shape.name, "the tensor appears twice")
    }
    tensors.append(
      PackedTensor(shape: shape, bytes: MappedBytes(file, range: expectedOffset..<newEnd)))
    end = newEnd
  }

  private func shape(_ reader: inout ByteReader) throws(ModelFileError) -> PackedTensorShape {
    let name = try decoder.name(&reader)
    let rows: UInt64 = try decoder.next(&reader)
    let columns: UInt64 = try decoder.next(&reader)
    let code: UInt32 = try decoder.next(&reader)
    _ = try decoder.next(&reader, UInt32.self)
    guard let encoding = PackedEncoding(rawValue: code) else {
      throw .unsupportedType(file: file.path, tensor: name, type: "encoding \(code)")
    }
    guard let rows = Int(exactly: rows), let columns = Int(exactly: columns) else {
      throw malformed(name, "a shape that overflows")
    }
    return PackedTensorShape(name: name, rows: rows, columns: columns, encoding: encoding)
  }

  private mutating func readTrailer(
    _ reader: inout ByteReader, at end: Int
  ) throws(ModelFileError) {
    let place = PackedLayout.aligned(end, to: PackedLayout.tensorAlignment)
    guard place + PackedLayout.trailerBytes == file.byteCount else {
      throw malformed("end", "the tensors do not fill the file")
    }
    do throws(OutOfBytes) { try reader.seek(to: place) } catch {
      throw ModelFileError(error, file: file.path)
    }
    fingerprint = try decoder.next(&reader)
    guard try decoder.bytes(&reader, count: 8) == PackedLayout.endMagic else {
      throw .damaged(file: file.path, part: "end")
    }
  }
}
