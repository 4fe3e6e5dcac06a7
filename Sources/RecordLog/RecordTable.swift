import Bytes

/// The sizes, and in mixed chunks the types, of a chunk's records: LEB128 numbers, nothing else.
struct RecordTable: Equatable {
  var sizes: [UInt32] = []
  /// One per record where the chunk is mixed, else empty.
  var types: [UInt16] = []

  func encoded() -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(2 * sizes.count + types.count)
    for size in sizes { RecordTable.append(size, to: &out) }
    for type in types { RecordTable.append(UInt32(type), to: &out) }
    return out
  }

  private static func append(_ value: UInt32, to out: inout [UInt8]) {
    var rest = value
    while rest >= 0x80 {
      out.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    out.append(UInt8(rest))
  }

  init(sizes: [UInt32] = [], types: [UInt16] = []) {
    self.sizes = sizes
    self.types = types
  }

  /// Reads the table of `header`, whose lengths have been checked.
  init(
    decoding bytes: RawSpan, for header: ChunkHeader, prologue: Prologue, limits: ReadLimits
  ) throws(RecordLogError.Problem) {
    var at = 0
    var total: UInt64 = 0
    sizes.reserveCapacity(Int(header.recordCount))
    for _ in 0..<header.recordCount {
      let size = try RecordTable.number(in: bytes, at: &at)
      guard size <= prologue.largestRecord else {
        throw .impossibleLength(
          of: .record, claimed: UInt64(size), limit: UInt64(prologue.largestRecord))
      }
      guard size <= limits.record.bytes else {
        throw .tooLarge(.record, bytes: UInt64(size), limit: UInt64(limits.record.bytes))
      }
      total += UInt64(size)
      sizes.append(size)
    }
    guard total == header.valuesRaw else {
      throw .malformed(.table, "sizes sum to \(total), not to \(header.valuesRaw)")
    }
    if header.type == ChunkLayout.mixedTypes {
      types = try RecordTable.types(header.recordCount, in: bytes, at: &at)
    }
    guard at == bytes.byteCount else {
      throw .malformed(.table, "\(bytes.byteCount - at) bytes too many")
    }
  }

  private static func types(
    _ count: UInt32, in bytes: RawSpan, at: inout Int
  ) throws(RecordLogError.Problem) -> [UInt16] {
    var types: [UInt16] = []
    types.reserveCapacity(Int(count))
    for _ in 0..<count {
      let type = try number(in: bytes, at: &at)
      guard type < ChunkLayout.mixedTypes else { throw .malformed(.table, "type \(type)") }
      types.append(UInt16(type))
    }
    return types
  }

  /// The next number, which must be in its shortest form and fit in 32 bits.
  private static func number(
    in bytes: RawSpan, at: inout Int
  ) throws(RecordLogError.Problem) -> UInt32 {
    var value: UInt64 = 0
    for index in 0..<5 {
      guard at < bytes.byteCount else { throw .malformed(.table, "ends inside a number") }
      let byte = unsafe bytes.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)
      at += 1
      value |= UInt64(byte & 0x7F) << (7 * index)
      guard byte < 0x80 else { continue }
      guard byte > 0 || index == 0 else { throw .malformed(.table, "a number with a zero on top") }
      guard let short = UInt32(exactly: value) else { break }
      return short
    }
    throw .malformed(.table, "a number over 32 bits")
  }
}
