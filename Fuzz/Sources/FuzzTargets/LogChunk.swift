import RecordLog

extension FuzzTarget {
  /// One chunk of any header and body, under right checksums however its lengths lie: the reader takes
  /// the headers of records, and of what may be ignored, that the specification does, and no others.
  static let recordChunk = FuzzTarget("record-chunk") { bytes in
    guard bytes.count >= 128 else { return false }
    let chunk = LogChunk(bytes)
    return withFile(of: LogMaker().bytes + chunk.bytes) { path in
      let options = ReadOptions(mode: .tailTolerant)
      guard let reader = try? RecordLogReader(path: path, options: options) else { return false }
      let header = try? reader.nextHeader()
      if chunk.kind == 2 || chunk.kind >= 0x80 {
        demand(
          (header != nil) == chunk.isLegal,
          "a chunk that is \(chunk.isLegal ? "" : "not ")legal is \(header == nil ? "not " : "")taken"
        )
      }
      withPipe(of: LogMaker().bytes + chunk.bytes) { descriptor in
        let stream = try? RecordLogReader(descriptor: descriptor, options: options)
        _ = try? stream?.nextChunk()
      }
      guard header != nil, let again = try? RecordLogReader(path: path, options: options) else {
        return false
      }
      guard let records = (try? again.nextChunk()) ?? nil else { return chunk.kind != 2 }
      demand(records.ends.last == records.bytes.count, "records that do not fill their chunk")
      return true
    }
  }
}

/// The first chunk of a log as it is stored, with the fields made right that lead to it and the
/// checksums, where what they cover is there.
///
/// Written from the specification and not from RecordLog, whose mistakes it should not share.
private struct LogChunk {
  private(set) var bytes: [UInt8]

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    for (field, value, width) in [
      (8, 0x9E1A_0A0D_474C_52C1, 8), (16, 0x0807_0605_0403_0201, 8), (24, 128, 8), (32, 0, 8),
      (68, 0, 4), (72, 0, 4), (76, 0, 4),
    ] as [(Int, UInt64, Int)] { store(value, field, width) }
    let front = 8 + number(4, 4)
    let end = front + number(92, 4)
    if front >= 128, end <= bytes.count {
      store(LogRepair.checksum(of: self.bytes[128..<front]), 100, 4)
      let frame = self.bytes[front..<end]
      store(LogRepair.checksum(of: frame), 104, 4)
      let raw = frame.isEmpty ? [] : LZ4Decoder.decode(frame, limit: 1 << 20).bytes
      if raw.count == number(96, 4) { store(LogRepair.checksum(of: raw[...]), 108, 4) }
    }
    store(LogRepair.checksum(of: self.bytes[..<124]), 124, 4)
  }

  var kind: Int { number(112, 1) }

  /// Whether a reader may take the header: what it can know before it reads on.
  var isLegal: Bool { isUnderstood && isPlaced && hasLegalTable && hasLegalValues }

  private var isIgnorable: Bool { kind >= 0x80 }

  private var isUnderstood: Bool {
    let isKnown = (1...6).contains(kind) && number(116, 1) & 0xF0 == 0 && number(113, 1) <= 1
    return number(0, 4) == 0x184D_2A57 && number(118, 1) == 1 && number(119, 4) == 0
      && number(123, 1) == 0
      && (isKnown || isIgnorable)
  }

  private var isPlaced: Bool {
    let pad = number(4, 4) - 120 - number(84, 4)
    let length = 8 + number(4, 4) + number(92, 4)
    return (0...65_535).contains(pad) && length % 128 == 0 && length <= bytes.count
      && UInt64(bitPattern: Int64(number(40, 8))) <= 128
  }

  private var hasLegalTable: Bool {
    let (count, stored, raw) = (number(80, 4), number(84, 4), number(88, 4))
    let isPacked = number(116, 1) & 1 == 1
    return raw <= 16 << 20 && raw <= 255 * stored && stored <= raw + raw / 255 + 16
      && (isPacked || raw == stored) && (kind != 2 || count <= min(raw, 1 << 20))
  }

  private var hasLegalValues: Bool {
    let (stored, raw) = (number(92, 4), number(96, 4))
    return raw <= 64 << 20 && raw <= 255 * stored && stored <= raw + 5 << 20
      && (isIgnorable || (number(113, 1) == 0) == (stored == 0))
  }

  private func number(_ field: Int, _ width: Int) -> Int {
    Int(
      truncatingIfNeeded: bytes[field..<field + width].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    )
  }

  private mutating func store(_ value: UInt64, _ field: Int, _ width: Int) {
    for i in 0..<width { bytes[field + i] = UInt8(truncatingIfNeeded: value >> UInt64(8 * i)) }
  }
}
