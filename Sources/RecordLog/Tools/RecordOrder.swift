import Bytes

/// A log's records in another order, in bounded memory: by key, or shuffled.
public final class RecordOrder {
  private let sort: ExternalSort
  private let copier: RecordCopier
  public private(set) var count: UInt64 = 0

  /// - Parameter folder: where temporary files go, as large as the records.
  public init(to copier: RecordCopier, folder: String, isDescending: Bool = false) {
    self.copier = copier
    sort = ExternalSort(folder: folder, isDescending: isDescending)
  }

  /// Records with equal keys keep their order.
  public func add(
    _ record: Record, of description: LogDescription?, key: [UInt8]
  ) throws {
    let type = try copier.type(record.type, of: description)
    let payload = [UInt8(truncatingIfNeeded: type), UInt8(truncatingIfNeeded: type >> 8)]
    try sort.add(key: key, payload: payload + record.bytes)
    count += 1
  }

  /// Appends everything that was added, in order.
  public func writeAll() throws {
    while let entry = try sort.next() {
      let type = UInt16(entry.payload[0]) | UInt16(entry.payload[1]) << 8
      try copier.writer.append(entry.payload.rawSpan.extracting(droppingFirst: 2), type: type)
    }
  }

  /// How many times memory was full.
  public var spills: Int { sort.spills }
}

/// Eight bytes that depend on a seed and a number only, and order as if drawn at random.
public func randomKey(seed: UInt64, number: UInt64) -> [UInt8] {
  bigEndian(mixed(seed &* 0x9E37_79B9_7F4A_7C15 ^ mixed(number)))
}

/// SplitMix64's finish: every bit of the result depends on every bit of `value`, and no two values
/// give the same result.
func mixed(_ value: UInt64) -> UInt64 {
  var z = value &+ 0x9E37_79B9_7F4A_7C15
  z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
  z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
  return z ^ (z >> 31)
}

/// Random numbers that depend on the seed only.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) { state = mixed(seed) }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return mixed(state)
  }
}
