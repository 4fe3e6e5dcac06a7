import RecordLog

extension FuzzTarget {
  /// The values of a chunk: what the reader takes for a frame is one to the LZ4 library, too, and
  /// comes out as the same bytes; and every whole frame of the profile is taken.
  static let lz4Frame = FuzzTarget("lz4-frame") { frame in
    let (raw, isWhole) = LZ4Decoder.decode(frame[...], limit: 4 << 20)
    // Without a frame there is a chunk without values, which is another matter.
    guard !frame.isEmpty, raw.count <= 4 << 20 else { return false }
    var log = LogMaker()
    log.append(kind: 2, table: LogMaker.leb128(raw.count), frame: frame, raw: raw, count: 1)
    return withFile(of: log.bytes) { path in
      let found = chunk(of: path)
      let isTaken = found?.bytes == raw && found?.count == 1
      demand(found == nil || isTaken && isWhole, "\(raw.count) bytes, taken otherwise")
      let isExpected = isWhole && isOfProfile(frame, raw.count) && raw.count <= 255 * frame.count
      demand(isTaken || !isExpected, "a whole frame of \(raw.count) bytes is refused")
      return isTaken
    }
  }

  /// Whether a frame that the library takes has nothing that the format rules out: a header of the
  /// profile, blocks of which all but the last are full, and no match at distance 0.
  private static func isOfProfile(_ frame: [UInt8], _ rawCount: Int) -> Bool {
    guard frame.count >= 11, frame[4] == 0x60 || frame[4] == 0x64,
      let size = [0x40: 64 << 10, 0x50: 256 << 10, 0x60: 1 << 20, 0x70: 4 << 20][frame[5]]
    else { return false }
    var place = 7
    var blocks = 0
    while place + 4 <= frame.count {
      let word = frame[place..<place + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
      if word == 0 { break }
      blocks += 1
      let start = place + 4
      place = start + Int(word & 0x7FFF_FFFF)
      let isPacked = word & 0x8000_0000 == 0
      if isPacked, hasZeroDistance(frame[start..<min(place, frame.count)]) { return false }
    }
    // No block is empty, and none in front of the last is short.
    return blocks == (rawCount + size - 1) / size
  }

  /// Whether a packed block has a match at distance 0, which LZ4 does not allow: the library copies
  /// what happens to be in memory.
  private static func hasZeroDistance(_ block: ArraySlice<UInt8>) -> Bool {
    var rest = block
    func length(_ nibble: UInt8) -> Int {
      var sum = Int(nibble)
      guard nibble == 15 else { return sum }
      while let byte = rest.popFirst() {
        sum += Int(byte)
        if byte < 255 { break }
      }
      return sum
    }
    while let token = rest.popFirst() {
      let literals = length(token >> 4)
      rest = rest.dropFirst(literals)
      guard rest.count >= 2 else { return false }
      if rest.prefix(2).allSatisfy({ $0 == 0 }) { return true }
      rest = rest.dropFirst(2)
      _ = length(token & 15)
    }
    return false
  }

  /// A table of sizes, and types where the first byte is odd; the next two are the count. The reader
  /// takes those that the specification does, and finds the same in them.
  static let recordTable = FuzzTarget("record-table") { bytes in
    guard bytes.count >= 3 else { return false }
    let count = Int(bytes[1]) | Int(bytes[2]) << 8
    let table = Array(bytes[3...])
    let expected = parse(table, count, isMixed: bytes[0] & 1 == 1)
    let total = expected?.sizes.reduce(0, +) ?? 1000
    guard total <= 1 << 20 else { return false }
    let raw = (0..<total).map { UInt8(truncatingIfNeeded: $0) }
    var log = LogMaker()
    log.append(
      kind: 2, table: table, frame: total == 0 ? [] : LogMaker.frame(of: raw), raw: raw,
      count: count, type: bytes[0] & 1 == 1 ? 65535 : 0)
    return withFile(of: log.bytes) { path in
      guard let found = chunk(of: path) else {
        demand(expected == nil || count == 0, "a table of \(count) records is refused")
        return false
      }
      let sizes = (0..<found.count).map { found.range($0).count }
      let types = (0..<found.count).map { Int(found.type($0)) }
      demand(
        sizes == expected?.sizes && types == expected?.types,
        "\(sizes) of types \(types), expected \(expected as Any)")
      return true
    }
  }

  /// As the specification has it: canonical LEB128 of at most five bytes, sizes and then types.
  private static func parse(
    _ table: [UInt8], _ count: Int, isMixed: Bool
  ) -> (sizes: [Int], types: [Int])? {
    var rest = table[...]
    func number() -> Int? {
      var value = 0
      for index in 0..<5 {
        guard let byte = rest.popFirst() else { return nil }
        value |= Int(byte & 0x7F) << (7 * index)
        if byte & 0x80 == 0 { return byte == 0 && index > 0 || value > UInt32.max ? nil : value }
      }
      return nil
    }
    func numbers() -> [Int]? {
      var numbers: [Int] = []
      for _ in 0..<count {
        guard let next = number() else { return nil }
        numbers.append(next)
      }
      return numbers
    }
    guard let sizes = numbers(), sizes.allSatisfy({ $0 <= 16 << 20 }),
      let types = isMixed ? numbers() : [Int](repeating: 0, count: count), rest.isEmpty,
      types.allSatisfy({ $0 < 65535 })
    else { return nil }
    return (sizes, types)
  }

  /// What a log says of itself: taken or refused, and where it is taken the types can be told apart.
  static let logDescription = FuzzTarget("log-description") { json in
    var log = LogMaker()
    log.append(kind: 1, table: json)
    return withFile(of: log.bytes) { path in
      guard
        let reader = try? RecordLogReader(path: path, options: ReadOptions(mode: .tailTolerant)),
        (try? reader.nextHeader()) != nil, let description = reader.description
      else { return false }
      let ids = description.types.map(\.id)
      demand(Set(ids).count == ids.count && !ids.contains(0), "types \(ids)")
      return true
    }
  }

  /// The only chunk of records; nil where it is refused.
  private static func chunk(of path: String) -> RecordChunk? {
    guard let reader = try? RecordLogReader(path: path, options: ReadOptions(mode: .tailTolerant))
    else { return nil }
    return (try? reader.nextChunk()) ?? nil
  }
}
