import Bytes

/// Reads and checks everything of a GGUF file that stands before the numbers.
///
///     magic "GGUF" | u32 version | u64 tensor count | u64 key-value count
///     key-values … | tensors … | zeros up to the alignment | numbers
struct GGUFDirectory {
  private(set) var version: UInt32 = 0
  private(set) var metadata = Metadata()
  private(set) var tensors: [GGUFTensor] = []
  private(set) var places: [String: Int] = [:]

  private let file: MappedFile
  private let decoder: MetadataDecoder

  init(file: MappedFile) {
    self.file = file
    decoder = MetadataDecoder(file: file.path)
  }

  /// A tensor as the file describes it, its place counted from the start of the numbers.
  private struct Claim {
    var name: String
    var dimensions: [Int]
    var type: ElementType
    var offset: UInt64
    var byteCount: Int
  }

  mutating func read() throws(ModelFileError) {
    let file = file
    var reader = ByteReader(file.bytes)
    try readVersion(&reader)
    let tensorCount = try decoder.count(
      &reader, of: "tensors", fewestBytes: GGUFLayout.fewestTensorBytes)
    let keyCount = try decoder.count(
      &reader, of: "key-value pairs", fewestBytes: MetadataType.fewestKeyValueBytes)
    metadata = try decoder.metadata(&reader, count: keyCount)
    let alignment = try alignment()
    var claims: [Claim] = []
    for _ in 0..<tensorCount { claims.append(try claim(&reader, alignment: alignment)) }
    let start = (reader.offset + alignment - 1) / alignment * alignment
    for claim in claims { try place(claim, from: start) }
    try refuseOverlaps()
  }

  private mutating func readVersion(_ reader: inout ByteReader) throws(ModelFileError) {
    guard try decoder.bytes(&reader, count: 4) == GGUFLayout.magic else {
      throw .wrongKind(file: file.path, expected: "GGUF")
    }
    version = try decoder.next(&reader)
    if GGUFLayout.versions.contains(version.byteSwapped) {
      throw .malformed(file: file.path, place: "byte 4", problem: "the file is big-endian")
    }
    guard GGUFLayout.versions.contains(version) else {
      throw .unsupportedVersion(file: file.path, found: version, supported: "2 and 3")
    }
  }

  private func alignment() throws(ModelFileError) -> Int {
    guard metadata[GGUFLayout.alignmentKey] != nil else { return GGUFLayout.alignment }
    guard let alignment = metadata.integer(GGUFLayout.alignmentKey), alignment > 0,
      alignment <= GGUFLayout.largestAlignment, alignment & (alignment - 1) == 0
    else {
      throw .malformed(
        file: file.path, place: GGUFLayout.alignmentKey, problem: "not a power of two")
    }
    return alignment
  }

  private func claim(
    _ reader: inout ByteReader, alignment: Int
  ) throws(ModelFileError) -> Claim {
    let name = try decoder.name(&reader)
    let dimensions = try dimensions(&reader, of: name)
    let code: UInt32 = try decoder.next(&reader)
    guard let type = ElementType(rawValue: code) else {
      let type = ElementType.unsupported[code] ?? "number \(code)"
      throw .unsupportedType(file: file.path, tensor: name, type: type)
    }
    let offset: UInt64 = try decoder.next(&reader)
    guard offset % UInt64(alignment) == 0 else {
      throw .malformed(
        file: file.path, place: name, problem: "offset \(offset) is not aligned to \(alignment)")
    }
    let byteCount = try byteCount(of: dimensions, type, name: name)
    return Claim(
      name: name, dimensions: dimensions, type: type, offset: offset, byteCount: byteCount)
  }

  private func dimensions(
    _ reader: inout ByteReader, of name: String
  ) throws(ModelFileError) -> [Int] {
    let count: UInt32 = try decoder.next(&reader)
    guard count >= 1, count <= GGUFLayout.mostDimensions else {
      throw .malformed(file: file.path, place: name, problem: "\(count) dimensions")
    }
    var dimensions: [Int] = []
    for _ in 0..<count {
      let claimed: UInt64 = try decoder.next(&reader)
      guard claimed > 0, let dimension = Int(exactly: claimed) else {
        throw .malformed(file: file.path, place: name, problem: "a dimension of \(claimed)")
      }
      dimensions.append(dimension)
    }
    return dimensions
  }

  private func byteCount(
    of dimensions: [Int], _ type: ElementType, name: String
  ) throws(ModelFileError) -> Int {
    guard dimensions[0] % type.blockCount == 0 else {
      throw .malformed(
        file: file.path, place: name,
        problem: "rows of \(dimensions[0]) numbers, no multiple of \(type.blockCount)")
    }
    let blocks = [dimensions[0] / type.blockCount] + dimensions.dropFirst()
    guard let byteCount = product(blocks + [type.blockBytes]), product(dimensions) != nil else {
      throw .malformed(file: file.path, place: name, problem: "dimensions \(dimensions) overflow")
    }
    return byteCount
  }

  private mutating func place(_ claim: Claim, from start: Int) throws(ModelFileError) {
    let (beginsAt, over) = claim.offset.addingReportingOverflow(UInt64(start))
    let (endsAt, further) = beginsAt.addingReportingOverflow(UInt64(claim.byteCount))
    guard !over, !further, endsAt <= UInt64(file.byteCount) else {
      throw .tensorOutsideFile(
        file: file.path, tensor: claim.name, endsAt: over || further ? .max : endsAt,
        fileBytes: file.byteCount)
    }
    guard places.updateValue(tensors.count, forKey: claim.name) == nil else {
      throw .malformed(file: file.path, place: claim.name, problem: "the tensor appears twice")
    }
    tensors.append(
      GGUFTensor(
        name: claim.name, dimensions: claim.dimensions, type: claim.type,
        range: Int(beginsAt)..<Int(endsAt)))
  }

  private func refuseOverlaps() throws(ModelFileError) {
    let sorted = tensors.sorted { $0.range.lowerBound < $1.range.lowerBound }
    for (first, second) in zip(sorted, sorted.dropFirst())
    where first.range.upperBound > second.range.lowerBound {
      throw .tensorsOverlap(file: file.path, first: first.name, second: second.name)
    }
  }
}

/// The product of all factors; nil where it overflows.
func product(_ factors: [Int]) -> Int? {
  var result = 1
  for factor in factors {
    let (next, overflow) = result.multipliedReportingOverflow(by: factor)
    if overflow { return nil }
    result = next
  }
  return result
}
