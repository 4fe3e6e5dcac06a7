/// What a piece of a log is lost or passed over for. The raw value is what programs print.
public enum DamageReason: String, Equatable, Sendable, CaseIterable {
  /// The last chunk is not whole, and nobody was promised that it is.
  case tornTail = "torn_tail"
  /// The input ends before what was promised.
  case truncated
  case header, table, payload
  /// What is stored is whole, and decodes to something else than was appended.
  case decodeMismatch = "decode_mismatch"
  /// A chunk that went by already.
  case duplicate
  /// Chunks are missing, and those behind them stand too far in front.
  case dropped
  /// A chunk that stands elsewhere than it belongs.
  case moved
  /// A whole chunk that its neighbours or the index say is not the one that belongs here.
  case stale
  case zeroedRange = "zeroed_range"
  case foreignTag = "foreign_tag"
  /// Line ends were converted.
  case lineEndsMangled = "crlf_mangled"
  case trailingGarbage = "trailing_garbage"
  /// The file's tag was learnt from its first whole header.
  case missingPrologue = "missing_prologue"
  case missingSegment = "missing_segment"
  /// A segment under another name than that of its first record.
  case renamed
  /// A file in the folder that is no part of the log.
  case foreignFile = "foreign_file"
  case index, seal
}

/// A piece of a log that salvage passed over.
public struct DamagedRegion: Equatable, Sendable {
  /// Bytes from the start of the input. Empty where something is missing altogether.
  public var range: Range<UInt64>
  public var reason: DamageReason
  /// The first record lost here, or the one that comes next where none is.
  public var firstSequence: UInt64
  /// By the sequence numbers on either side; nil where nothing tells what followed.
  public var lostRecords: UInt64?
  /// How far from their own offsets the chunks behind this stand, in bytes.
  public var displacement: Int64 = 0
  public var detail: String
  /// Which file of a folder; nil for any other log.
  public var file: String?

  /// Whether this is how every log looks whose writer was interrupted.
  public var isTornTail: Bool { reason == .tornTail }
}

extension DamagedRegion: CustomStringConvertible {
  public var description: String {
    let lost = lostRecords.map { $0 == 0 ? "no record lost" : "\($0) records lost" }
    var text = file.map { "\($0), " } ?? ""
    text += "bytes \(range.lowerBound) to \(range.upperBound): \(reason.rawValue), "
    text += lost ?? "an unknown number of records lost"
    if lostRecords != 0 { text += " from \(firstSequence) on" }
    if displacement != 0 { text += ", what follows is displaced by \(displacement)" }
    return text + " (\(detail))"
  }
}

/// How much may be lost before salvage gives up.
public struct SalvageBudget: Equatable, Sendable {
  public var bytes: UInt64
  public var regions: UInt64
  public var records: UInt64

  public init(bytes: UInt64 = .max, regions: UInt64 = 100_000, records: UInt64 = .max) {
    self.bytes = bytes
    self.regions = regions
    self.records = records
  }

  /// Takes off what `region` costs.
  mutating func spend(on region: DamagedRegion) throws(RecordLogError.Problem) {
    try take(1, from: \.regions, "damaged regions")
    try take(UInt64(region.range.count), from: \.bytes, "damaged bytes")
    try take(region.lostRecords ?? 0, from: \.records, "lost records")
  }

  private mutating func take(
    _ amount: UInt64, from left: WritableKeyPath<SalvageBudget, UInt64>, _ what: String
  ) throws(RecordLogError.Problem) {
    guard amount <= self[keyPath: left] else { throw .budgetExceeded(what) }
    self[keyPath: left] -= amount
  }
}
