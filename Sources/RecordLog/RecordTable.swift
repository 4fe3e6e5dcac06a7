import Bytes

/// The sizes, and in mixed chunks the types, of a chunk's records: LEB128 numbers, nothing else.
struct RecordTable: Equatable {
  var sizes: [UInt32] = []
  /// One per record where the chunk is mixed, else empty.
  var types: [UInt16] = []

  /// Bytes of the largest record; 0 where there is none.
  var largest: UInt32 {
    var largest: UInt32 = 0
    for size in sizes { largest = max(largest, size) }
    return largest
  }

  /// Where each record ends among the decoded values.
  var ends: [Int] {
    unsafe [Int](unsafeUninitializedCapacity: sizes.count) { ends, filled in
      var end = 0
      for (index, size) in sizes.enumerated() {
        end += Int(size)
        unsafe ends[index] = end
      }
      filled = sizes.count
    }
  }

  /// Where record `index` lies among the decoded values.
  func range(_ index: Int) -> Range<Int> {
    let start = sizes[..<index].reduce(0) { $0 + Int($1) }
    return start..<start + Int(sizes[index])
  }

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
    try decode(bytes, for: header, prologue: prologue, limits: limits)
  }

  /// The same in place of another table, whose memory is used again.
  mutating func decode(
    _ bytes: RawSpan, for header: ChunkHeader, prologue: Prologue, limits: ReadLimits
  ) throws(RecordLogError.Problem) {
    var at = 0
    var total: UInt64 = 0
    let count = Int(header.recordCount)
    if sizes.count < count {
      sizes.append(contentsOf: repeatElement(0, count: count - sizes.count))
    }
    sizes.removeLast(sizes.count - count)
    let isWide = min(prologue.largestRecord, UInt32(clamping: limits.record.bytes)) > 0x3FFF
    var index = 0
    while index < count {
      if isWide, index + 4 <= count, let four = RecordTable.four(in: bytes, at: at) {
        for lane in 0..<4 {
          let size = UInt32(truncatingIfNeeded: four >> (16 * lane)) & 0xFFFF
          sizes[index + lane] = size
          total += UInt64(size)
        }
        at += 8
        index += 4
        continue
      }
      let size = try RecordTable.number(in: bytes, at: &at)
      try RecordTable.check(size, prologue, limits)
      total += UInt64(size)
      sizes[index] = size
      index += 1
    }
    guard total == header.valuesRaw else {
      throw .malformed(.table, "sizes sum to \(total), not to \(header.valuesRaw)")
    }
    try decodeTypes(header, bytes, from: at)
  }

  private static func check(
    _ size: UInt32, _ prologue: Prologue, _ limits: ReadLimits
  ) throws(RecordLogError.Problem) {
    guard size <= prologue.largestRecord else {
      throw .impossibleLength(
        of: .record, claimed: UInt64(size), limit: UInt64(prologue.largestRecord))
    }
    guard size <= limits.record.bytes else {
      throw .tooLarge(.record, bytes: UInt64(size), limit: UInt64(limits.record.bytes))
    }
  }

  private mutating func decodeTypes(
    _ header: ChunkHeader, _ bytes: RawSpan, from start: Int
  ) throws(RecordLogError.Problem) {
    var at = start
    types.removeAll(keepingCapacity: true)
    if header.type == ChunkLayout.mixedTypes {
      types.reserveCapacity(Int(header.recordCount))
      for _ in 0..<header.recordCount {
        let type = try RecordTable.number(in: bytes, at: &at)
        guard type < ChunkLayout.mixedTypes else { throw .malformed(.table, "type \(type)") }
        types.append(UInt16(type))
      }
    }
    guard at == bytes.byteCount else {
      throw .malformed(.table, "\(bytes.byteCount - at) bytes too many")
    }
  }

  /// Four numbers of two bytes each, which most are, as lanes of 16 bits; nil where one of the next
  /// four is longer or shorter.
  @inline(__always)
  private static func four(in bytes: RawSpan, at: Int) -> UInt64? {
    guard at + 8 <= bytes.byteCount else { return nil }
    let stored = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self)
    let word = UInt64(littleEndian: stored)
    // The first byte of each says that one follows, the second that none does.
    guard word & 0x8080_8080_8080_8080 == 0x0080_0080_0080_0080 else { return nil }
    let high = word & 0x7F00_7F00_7F00_7F00
    // A second byte of zero is no shortest form: none may be.
    guard (high + 0x7F00_7F00_7F00_7F00) & 0x8000_8000_8000_8000 == 0x8000_8000_8000_8000 else {
      return nil
    }
    return (word & 0x007F_007F_007F_007F) | high >> 1
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
