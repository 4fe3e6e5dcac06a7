/// Puts bytes into a log where only one part of the reader stands between them and the rest: all that
/// is around them is right.
///
/// Written from the specification and not from RecordLog, whose mistakes it should not share.
struct LogMaker {
  private static let sync: [UInt8] = [0xC1, 0x52, 0x4C, 0x47, 0x0D, 0x0A, 0x1A, 0x9E]
  private var log: [UInt8]

  init() {
    log = [0x04, 0x22, 0x4D, 0x18, 0x60, 0x40, 0x82, 0, 0, 0, 0]
    log += [0x57, 0x2A, 0x4D, 0x18] + Self.number(109, 4) + [0, 0, 0, 0, 0] + Self.sync
    log += Self.number(1, 4) + Self.number(128, 4) + (1...16)
    // Log, segment, first sequence, time, previous tag and length.
    for value: UInt64 in [7, 0, 0, 1, 0, 0] { log += Self.number(value, 8) }
    for value: UInt64 in [0, 64 << 20, 16 << 20, 0, 0, 0] { log += Self.number(value, 4) }
  }

  /// Appends a chunk; links and checksums are made right in the end.
  mutating func append(
    kind: UInt8, table: [UInt8], frame: [UInt8] = [], raw: [UInt8] = [], count: Int = 0,
    type: UInt16 = 0
  ) {
    let pad = (128 - (table.count + frame.count) % 128) % 128
    var header: [UInt8] = [0x57, 0x2A, 0x4D, 0x18]
    header += Self.number(UInt64(120 + table.count + pad), 4) + Self.sync
    header += [UInt8](repeating: 0, count: 64)
    for value in [count, table.count, table.count, frame.count, raw.count, 0, 0] {
      header += Self.number(UInt64(value), 4)
    }
    header += Self.number(LogRepair.checksum(of: raw[...]), 4)
    header += [kind, frame.isEmpty ? 0 : 1] + Self.number(UInt64(type), 2) + [0, 0, 1]
    header += [UInt8](repeating: 0, count: 9)
    log += header + table + [UInt8](repeating: 0, count: pad) + frame
  }

  var bytes: [UInt8] {
    var bytes = log
    LogRepair.repair(&bytes)
    return bytes
  }

  /// A frame that stores `raw` as it is.
  static func frame(of raw: [UInt8]) -> [UInt8] {
    var frame: [UInt8] = [0x04, 0x22, 0x4D, 0x18, 0x60, 0x40, 0x82]
    for start in stride(from: 0, to: raw.count, by: 1 << 16) {
      let block = raw[start..<min(start + 1 << 16, raw.count)]
      frame += number(UInt64(block.count) | 1 << 31, 4) + block
    }
    return frame + [0, 0, 0, 0]
  }

  /// As an LEB128 number, which tables are made of.
  static func leb128(_ value: Int) -> [UInt8] {
    var rest = value
    var bytes: [UInt8] = []
    while rest > 0x7F {
      bytes.append(UInt8(rest & 0x7F | 0x80))
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  private static func number(_ value: UInt64, _ width: Int) -> [UInt8] {
    (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
  }
}
