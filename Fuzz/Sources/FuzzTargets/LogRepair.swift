/// Makes checksums, places and links of a changed log right, chunk by chunk, for as long as the
/// lengths still lead from one to the next.
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
    put(checksum(body..<place + 8 + skip), 100, 4)
    put(checksum(place + 8 + skip..<place + length), 104, 4)
    put(checksum(place..<place + 124), 124, 4)
    if get(112, 1) == 2 { noteEntry(length) }
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

  private mutating func noteEntry(_ length: Int) {
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
  private func checksum(_ range: Range<Int>) -> UInt64 {
    let crc = ~bytes[range].reduce(UInt32.max) { crc, byte in
      Self.table[Int((crc ^ UInt32(byte)) & 0xFF)] ^ crc >> 8
    }
    return UInt64((crc >> 15 | crc << 17) &+ 0xA282_EAD8)
  }

  private static let table: [UInt32] = (0..<256).map { start in
    (0..<8).reduce(UInt32(start)) { crc, _ in crc >> 1 ^ (crc & 1 == 1 ? 0x82F6_3B78 : 0) }
  }
}
