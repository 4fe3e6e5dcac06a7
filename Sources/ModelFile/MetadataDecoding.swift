import Bytes

/// Reads metadata and texts from untrusted bytes; nothing is allocated that the file merely claims.
struct MetadataDecoder {
  let file: String

  /// A text of a key or name gets no longer than this.
  static let longestName = 1 << 16

  func next<T: FixedWidthInteger & BitwiseCopyable>(
    _ reader: inout ByteReader, _: T.Type = T.self
  ) throws(ModelFileError) -> T {
    do throws(OutOfBytes) { return try reader.next() } catch {
      throw ModelFileError(error, file: file)
    }
  }

  /// A count of things that take at least `fewestBytes` each, believed only if there is room.
  func count(
    _ reader: inout ByteReader, of what: String, fewestBytes: Int
  ) throws(ModelFileError) -> Int {
    let claimed: UInt64 = try next(&reader)
    let roomFor = reader.remaining / fewestBytes
    guard claimed <= UInt64(roomFor) else {
      throw .tooMany(file: file, what: what, claimed: claimed, roomFor: roomFor)
    }
    return Int(claimed)
  }

  func bytes(_ reader: inout ByteReader, count: Int) throws(ModelFileError) -> [UInt8] {
    do throws(OutOfBytes) { return try reader.next(count: count) } catch {
      throw ModelFileError(error, file: file)
    }
  }

  func text(_ reader: inout ByteReader) throws(ModelFileError) -> String {
    let place = reader.offset
    let length = try count(&reader, of: "bytes of text", fewestBytes: 1)
    let bytes = try bytes(&reader, count: length)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .malformed(file: file, place: "byte \(place)", problem: "text that is not UTF-8")
    }
    return text
  }

  /// The name of a key or tensor.
  func name(_ reader: inout ByteReader) throws(ModelFileError) -> String {
    let place = reader.offset
    let name = try text(&reader)
    guard !name.isEmpty, name.utf8.count <= Self.longestName else {
      throw .malformed(
        file: file, place: "byte \(place)", problem: "a name of \(name.utf8.count) bytes")
    }
    return name
  }

  func metadata(
    _ reader: inout ByteReader, count: Int
  ) throws(ModelFileError) -> Metadata {
    var metadata = Metadata()
    for _ in 0..<count {
      let key = try name(&reader)
      guard metadata[key] == nil else {
        throw .malformed(file: file, place: key, problem: "the key appears twice")
      }
      metadata[key] = try value(&reader, key: key)
    }
    return metadata
  }

  private func type(
    _ reader: inout ByteReader, key: String
  ) throws(ModelFileError) -> MetadataType {
    let code: UInt32 = try next(&reader)
    guard let type = MetadataType(rawValue: code) else {
      throw .malformed(file: file, place: key, problem: "unknown value type \(code)")
    }
    return type
  }

  private func value(
    _ reader: inout ByteReader, key: String
  ) throws(ModelFileError) -> MetadataValue {
    switch try type(&reader, key: key) {
    case .u8: .u8(try next(&reader))
    case .i8: .i8(try next(&reader))
    case .u16: .u16(try next(&reader))
    case .i16: .i16(try next(&reader))
    case .u32: .u32(try next(&reader))
    case .i32: .i32(try next(&reader))
    case .u64: .u64(try next(&reader))
    case .i64: .i64(try next(&reader))
    case .f32: .f32(Float(bitPattern: try next(&reader)))
    case .f64: .f64(Double(bitPattern: try next(&reader)))
    case .bool: .bool(try next(&reader, UInt8.self) != 0)
    case .string: .string(try text(&reader))
    case .array: .array(try array(&reader, key: key))
    }
  }

  private func array(
    _ reader: inout ByteReader, key: String
  ) throws(ModelFileError) -> MetadataArray {
    let type = try type(&reader, key: key)
    let count = try count(&reader, of: "values of \(key)", fewestBytes: type.fewestBytes)
    switch type {
    case .u8: return .u8(try list(&reader, count))
    case .i8: return .i8(try list(&reader, count))
    case .u16: return .u16(try list(&reader, count))
    case .i16: return .i16(try list(&reader, count))
    case .u32: return .u32(try list(&reader, count))
    case .i32: return .i32(try list(&reader, count))
    case .u64: return .u64(try list(&reader, count))
    case .i64: return .i64(try list(&reader, count))
    case .f32: return .f32(try list(&reader, count).map(Float.init(bitPattern:)))
    case .f64: return .f64(try list(&reader, count).map(Double.init(bitPattern:)))
    case .bool: return .bool(try list(&reader, count).map { (byte: UInt8) in byte != 0 })
    case .string: return .string(try texts(&reader, count))
    case .array:
      throw .malformed(file: file, place: key, problem: "a list of lists, which is not supported")
    }
  }

  private func list<T: FixedWidthInteger & BitwiseCopyable>(
    _ reader: inout ByteReader, _ count: Int
  ) throws(ModelFileError) -> [T] {
    var values: [T] = []
    values.reserveCapacity(count)
    for _ in 0..<count { values.append(try next(&reader)) }
    return values
  }

  /// Walks over the texts first and then takes their bytes in one piece.
  private func texts(_ reader: inout ByteReader, _ count: Int) throws(ModelFileError) -> TextList {
    let start = reader.offset
    var places: [Range<Int>] = []
    places.reserveCapacity(count)
    for _ in 0..<count {
      let length = try self.count(&reader, of: "bytes of text", fewestBytes: 1)
      let place = reader.offset - start
      places.append(place..<place + length)
      try move(&reader) { (reader) throws(OutOfBytes) in try reader.skip(length) }
    }
    let end = reader.offset
    try move(&reader) { (reader) throws(OutOfBytes) in try reader.seek(to: start) }
    return TextList(encoded: try bytes(&reader, count: end - start), places: places)
  }

  private func move(
    _ reader: inout ByteReader, _ body: (inout ByteReader) throws(OutOfBytes) -> Void
  ) throws(ModelFileError) {
    do throws(OutOfBytes) { try body(&reader) } catch { throw ModelFileError(error, file: file) }
  }
}
