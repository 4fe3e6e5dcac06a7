import TestSupport

/// Makes checksums, places, links, index and seal of a changed log right, chunk by chunk, for as long
/// as the lengths still lead from one to the next. What the largest record is it leaves as it stands.
///
/// Written from the specification and not from RecordLog, whose mistakes it should not share.
struct LogRepair {
  private var bytes: [UInt8]
  private var place = 128
  private var index = UInt64(0)
  private var sequence: UInt64
  private var previous = (length: UInt64(0), checksum: UInt64(0))
  /// The entries of the INDEX that these chunks call for.
  private var entries: [UInt8] = []
  /// What the SEAL must say of them.
  private var headers: [UInt8] = []
  private var sums = [UInt64](repeating: 0, count: 4)
  private var times: ClosedRange<UInt64>?
  private var largestChunk: UInt64 = 0
  private var indexChunk: (place: Int, length: Int)?

  @Sendable static func repair(_ bytes: inout [UInt8]) {
    guard bytes.count >= 128 else { return }
    var repair = LogRepair(bytes)
    while repair.repairChunk() {}
    bytes = repair.bytes
  }

  private init(_ bytes: [UInt8]) {
    self.bytes = bytes
    sequence = Self.load(bytes, 72, 8)
    store(checksum(0..<124), 124, 4)
  }

  /// One chunk; false where there is no whole one.
  private mutating func repairChunk() -> Bool {
    guard bytes.count - place >= 128 else { return false }
    let skip = Int(get(4, 4))
    let table = Int(get(84, 4))
    let values = Int(get(92, 4))
    let length = 8 + skip + values
    guard skip >= 120 + table, length % 128 == 0, length <= bytes.count - place else {
      return false
    }
    let body = place + 128
    if get(112, 1) == 3, table == entries.count {
      bytes.replaceSubrange(body..<body + table, with: entries)
    }
    link()
    if get(112, 1) == 4, table == 128 { seal(body) }
    if get(112, 1) == 2 { repairRawChecksum(place + 8 + skip..<place + length) }
    put(checksum(body..<place + 8 + skip), 100, 4)
    put(checksum(place + 8 + skip..<place + length), 104, 4)
    put(checksum(place..<place + 124), 124, 4)
    if get(112, 1) == 2 { noteEntry(length) }
    if get(112, 1) == 3 { indexChunk = (place, length) }
    headers += bytes[place..<place + 128]
    previous = (UInt64(length), get(124, 4))
    sequence &+= get(80, 4)
    index += 1
    place += length
    return true
  }

  private mutating func link() {
    put(Self.load(bytes, 40, 8), 16, 8)
    put(UInt64(place), 24, 8)
    put(sequence, 32, 8)
    put(index, 68, 4)
    put(previous.length, 72, 4)
    put(previous.checksum, 76, 4)
  }

  /// Where the frame still decodes to as many bytes as stated.
  private mutating func repairRawChecksum(_ frame: Range<Int>) {
    let raw = frame.isEmpty ? [] : LZ4Decoder.decode(bytes[frame], limit: 1 << 20).bytes
    if UInt64(raw.count) == get(96, 4) { put(Self.checksum(of: raw[...]), 108, 4) }
  }

  /// Index, sums, sequence numbers, times, fingerprint and largest chunk.
  private mutating func seal(_ body: Int) {
    if let indexChunk {
      store(UInt64(indexChunk.place), body, 8)
      store(UInt64(indexChunk.length), body + 8, 4)
      store(Self.load(bytes, indexChunk.place + 124, 4), body + 12, 4)
    } else {
      bytes.replaceSubrange(body..<body + 16, with: repeatElement(0, count: 16))
    }
    for (index, sum) in sums.enumerated() { store(sum, body + 16 + 8 * index, 8) }
    store(Self.load(bytes, 72, 8), body + 48, 8)
    store(sequence, body + 56, 8)
    store(times?.lowerBound ?? 0, body + 64, 8)
    store(times?.upperBound ?? 0, body + 72, 8)
    let digits = Array(sha256(headers).utf8)
    for index in 0..<32 {
      let pair = String(decoding: digits[2 * index..<2 * index + 2], as: UTF8.self)
      bytes[body + 80 + index] = UInt8(pair, radix: 16) ?? 0
    }
    store(largestChunk, body + 116, 4)
  }

  private mutating func noteEntry(_ length: Int) {
    let time = get(48, 8)
    let known = times ?? time...time
    times = min(known.lowerBound, time)...max(known.upperBound, time)
    largestChunk = max(largestChunk, get(96, 4))
    for (index, value) in [1, get(80, 4), get(96, 4), UInt64(length)].enumerated() {
      sums[index] &+= value
    }
    for (place, width) in [(24, 8), (32, 8), (80, 4)] { entries += slice(place, width) }
    entries += (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
    for (place, width) in [(96, 4), (124, 4), (114, 2), (116, 2)] { entries += slice(place, width) }
    entries += [0, 0, 0, 0]
  }

  // Fields of the chunk at `place`.

  private func slice(_ field: Int, _ width: Int) -> ArraySlice<UInt8> {
    bytes[place + field..<place + field + width]
  }

  private func get(_ field: Int, _ width: Int) -> UInt64 { Self.load(bytes, place + field, width) }

  private mutating func put(_ value: UInt64, _ field: Int, _ width: Int) {
    store(value, place + field, width)
  }

  private static func load(_ bytes: [UInt8], _ place: Int, _ width: Int) -> UInt64 {
    bytes[place..<place + width].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private mutating func store(_ value: UInt64, _ place: Int, _ width: Int) {
    for i in 0..<width { bytes[place + i] = UInt8(truncatingIfNeeded: value >> UInt64(8 * i)) }
  }

  /// CRC-32C, masked as the format stores it.
  private func checksum(_ range: Range<Int>) -> UInt64 { Self.checksum(of: bytes[range]) }

  static func checksum(of bytes: ArraySlice<UInt8>) -> UInt64 {
    let crc = ~bytes.reduce(UInt32.max) { crc, byte in
      Self.table[Int((crc ^ UInt32(byte)) & 0xFF)] ^ crc >> 8
    }
    return UInt64((crc >> 15 | crc << 17) &+ 0xA282_EAD8)
  }

  private static let table: [UInt32] = (0..<256).map { start in
    (0..<8).reduce(UInt32(start)) { crc, _ in crc >> 1 ^ (crc & 1 == 1 ? 0x82F6_3B78 : 0) }
  }
}
