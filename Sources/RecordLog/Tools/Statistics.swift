import Foundation

/// Running figures over records: sizes, types, times, and how many differ.
public struct RecordStatistics {
  /// Of one type, or of all.
  public struct Sizes: Encodable, Sendable {
    public var records: UInt64 = 0
    public var bytes: UInt64 = 0
    public var smallest: Int?
    public var largest: Int?
    fileprivate var histogram = SizeHistogram()

    enum CodingKeys: String, CodingKey { case records, bytes, smallest, largest, p50, p90, p99 }

    public var mean: Double { records == 0 ? 0 : Double(bytes) / Double(records) }

    fileprivate mutating func add(_ size: Int) {
      records += 1
      bytes += UInt64(size)
      smallest = min(smallest ?? size, size)
      largest = max(largest ?? size, size)
      histogram.add(size)
    }

    /// The size that this share of records does not exceed, at most 1.6 % too large.
    public func percentile(_ share: Double) -> Int? {
      histogram.percentile(share).map { min($0, largest ?? $0) }
    }

    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(records, forKey: .records)
      try container.encode(bytes, forKey: .bytes)
      try container.encode(smallest, forKey: .smallest)
      try container.encode(largest, forKey: .largest)
      try container.encode(percentile(0.5), forKey: .p50)
      try container.encode(percentile(0.9), forKey: .p90)
      try container.encode(percentile(0.99), forKey: .p99)
    }
  }

  public private(set) var all = Sizes()
  public private(set) var types: [String: Sizes] = [:]
  public private(set) var chunks = 0
  public private(set) var storedBytes: UInt64 = 0
  /// Microseconds since 1970 of the earliest and the latest chunk.
  public private(set) var earliest: UInt64 = 0
  public private(set) var latest: UInt64 = 0
  private var distinct = DistinctCounter()

  public init() {}

  /// - Parameter typeName: gives a type's id its name.
  public mutating func add(_ chunk: RecordChunk, typeName: (UInt16) -> String) {
    chunks += 1
    storedBytes += chunk.header.length
    earliest = earliest == 0 ? chunk.header.time : min(earliest, chunk.header.time)
    latest = max(latest, chunk.header.time)
    for index in 0..<chunk.count {
      let range = chunk.range(index)
      all.add(range.count)
      types[typeName(chunk.type(index)), default: Sizes()].add(range.count)
      distinct.add(chunk.record(index))
    }
  }

  /// Of records with different bytes, with a standard error of 0.8 %; never above their number.
  public var distinctEstimate: UInt64 { min(distinct.estimate, all.records) }

  /// Records of at least 2^n bytes and fewer than 2^(n + 1), by 2^n.
  public var sizeHistogram: [Int: UInt64] { all.histogram.powersOfTwo }
}

/// Counts sizes in classes: 64 to every power of two.
private struct SizeHistogram: Sendable {
  private var counts: [Int: UInt64] = [:]

  mutating func add(_ size: Int) { counts[Self.largest(alike: size), default: 0] += 1 }

  private static func largest(alike size: Int) -> Int {
    guard size >= 128 else { return size }
    let low = Int.bitWidth - size.leadingZeroBitCount - 7
    return size | (1 << low - 1)
  }

  func percentile(_ share: Double) -> Int? {
    let wanted = UInt64((share * Double(counts.values.reduce(0, +))).rounded(.up))
    var seen: UInt64 = 0
    for (size, count) in counts.sorted(by: { $0.key < $1.key }) {
      seen += count
      if seen >= wanted { return size }
    }
    return nil
  }

  var powersOfTwo: [Int: UInt64] {
    var powers: [Int: UInt64] = [:]
    for (size, count) in counts {
      powers[size == 0 ? 0 : 1 << (Int.bitWidth - 1 - size.leadingZeroBitCount), default: 0] +=
        count
    }
    return powers
  }
}

/// HyperLogLog with 16384 registers.
private struct DistinctCounter: Sendable {
  private static let bits = 14
  private var registers = [UInt8](repeating: 0, count: 1 << bits)

  mutating func add(_ record: RawSpan) {
    let first = UInt64(Checksum(record).plain)
    // Two lanes of CRC make 64 bits: the second over the bytes and their number.
    var second = Checksum(bigEndian(UInt64(record.byteCount) ^ 0x5bd1_e995).rawSpan)
    second.add(record.extracting(first: record.byteCount / 2))
    let hash = mixed(first << 32 | UInt64(second.plain))
    let register = Int(hash >> (64 - Self.bits))
    let rank = UInt8(min((hash << Self.bits).leadingZeroBitCount, 64 - Self.bits) + 1)
    registers[register] = max(registers[register], rank)
  }

  var estimate: UInt64 {
    let count = Double(registers.count)
    let sum = registers.reduce(0.0) { $0 + 1 / Double(UInt64(1) << UInt64($1)) }
    let raw = 0.7213 / (1 + 1.079 / count) * count * count / sum
    let empty = registers.count { $0 == 0 }
    guard raw <= 2.5 * count, empty > 0 else { return UInt64(raw.rounded()) }
    return UInt64((count * log(count / Double(empty))).rounded())
  }
}
