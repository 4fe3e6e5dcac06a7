import ArgumentParser
import Foundation
import RecordLog

struct Info: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What a log says of itself: counts, sizes, times, types, state.",
    discussion: """
      Of a sealed log this reads no records: the first and last bytes, the indexes, and barriers, which stand
      where an index lists nothing.
      """)

  @OptionGroup var logs: Logs
  @Flag(help: "One JSON object per log.") var json = false
  @Flag(help: "Look on behind damage, such as a segment that was set aside.") var salvage = false

  func run() throws {
    let output = try Output()
    defer { try? output.flush() }
    try logs.each(salvaging: salvage) { reader in
      let facts = try Facts(reader)
      if json { try output.json(facts) } else { try output.line(facts.text) }
      return salvage ? tellEnding(reader) : ExitKind(facts.ending)
    }
  }
}

/// What there is to say about one log.
struct Facts: Encodable {
  var path: String
  var state: String
  var fileID: String
  var logID: UInt64
  var segment: UInt64
  /// Of a folder.
  var segments: Int?
  var firstSequence: UInt64
  var nextSequence: UInt64
  var records: UInt64
  var dataChunks: UInt64
  var rawBytes: UInt64
  var storedBytes: UInt64
  var ratio: Double
  var largestRecord: UInt32?
  var created: String?
  var earliest: String?
  var latest: String?
  var fingerprint: String?
  var types: [RecordType]
  var writer: LogDescription.Writer?
  var user: [String: JSONValue]?
  var setAside: [SetAsideSegment]?
  /// How many there are, and of the last one its number and the record behind it; nil where there
  /// are none.
  var barriers: UInt64?
  var lastBarrier: UInt64?
  var lastBarrierSequence: UInt64?
  var ending: LogEnding?

  enum CodingKeys: String, CodingKey {
    case path, state, segment, segments, records, ratio, created, earliest, latest, fingerprint,
      types
    case writer, user, barriers
    case setAside = "set_aside"
    case lastBarrier = "last_barrier"
    case lastBarrierSequence = "last_barrier_sequence"
    case fileID = "file_id"
    case logID = "log_id"
    case firstSequence = "first_sequence"
    case nextSequence = "next_sequence"
    case dataChunks = "data_chunks"
    case rawBytes = "raw_bytes"
    case storedBytes = "stored_bytes"
    case largestRecord = "largest_record"
  }

  init(_ reader: RecordLogReader) throws {
    let summary: SegmentSummary
    var barriers: LogBarriers?
    if let sums = reader.summary {
      summary = sums
      barriers = reader.findBarriers()
      // The description stands in front.
      _ = try reader.nextHeader()
      ending = .sealed
    } else {
      barriers = try countBarriers(toTheEndOf: reader)
      summary = reader.summary ?? reader.sums
      ending = reader.ending
    }
    let prologue = reader.prologue
    path = reader.path
    state = stateName(ending)
    fileID = [prologue.fileID.tag, prologue.fileID.rest].map(hexBytes).joined()
    logID = prologue.logID
    segment = prologue.segment
    segments = reader.segmentCount
    firstSequence = summary.firstSequence
    nextSequence = summary.nextSequence
    records = summary.records
    dataChunks = summary.dataChunks
    rawBytes = summary.rawBytes
    storedBytes = summary.storedBytes
    ratio = RLogCLI.ratio(summary.rawBytes, summary.storedBytes)
    created = date(prologue.created)
    earliest = date(summary.earliest)
    latest = date(summary.latest)
    if ending == .sealed {
      largestRecord = summary.largestRecord
      fingerprint = summary.fingerprint.map { hex($0) }.joined()
    }
    types = reader.description?.types ?? []
    writer = reader.description?.writer
    user = reader.description?.user
    setAside = reader.description?.setAside
    self.barriers = barriers?.count
    lastBarrier = barriers?.last.number
    lastBarrierSequence = barriers?.last.sequence
  }

  var text: String {
    var lines = [
      "\(path): \(state)",
      "  records      \(records), sequence \(firstSequence) to \(nextSequence) (exclusive)",
      "  size         \(rawBytes) bytes in \(dataChunks) chunks of \(storedBytes), ratio \(ratio)",
      "  types        \(types.map(\.name).joined(separator: ", "))",
      "  file id      \(fileID), log \(logID), segment \(segment)",
    ]
    if let segments { lines.append("  segments     \(segments)") }
    if let created { lines.append("  created      \(created)") }
    if let earliest, let latest { lines.append("  written      \(earliest) to \(latest)") }
    if let writer { lines.append("  writer       \(writer.name) \(writer.version ?? "")") }
    if let fingerprint { lines.append("  fingerprint  \(fingerprint)") }
    if let barriers, let lastBarrier, let lastBarrierSequence {
      lines.append(
        "  barriers     \(barriers), the last is \(lastBarrier), before record \(lastBarrierSequence)"
      )
    }
    for aside in setAside ?? [] {
      lines.append(
        "  set aside    \(aside.file): \(aside.lostRecords) records lost, \(aside.reason)")
    }
    for (key, value) in (user ?? [:]).sorted(by: { $0.key < $1.key }) {
      lines.append("  \(key): \((try? jsonText(value)) ?? "")")
    }
    return lines.joined(separator: "\n")
  }
}

/// The barriers of a log that nothing was read of yet.
private func countBarriers(toTheEndOf reader: RecordLogReader) throws -> LogBarriers? {
  var count: UInt64 = 0
  while let header = try reader.nextHeader() {
    if header.isBarrier { count += 1 }
  }
  return reader.lastBarrier.map { LogBarriers(count: count, last: $0) }
}

func stateName(_ ending: LogEnding?) -> String {
  switch ending {
  case .sealed: "sealed"
  case .aborted(let reason): "aborted: \(reason)"
  case .unsealed, nil: "unsealed"
  case .torn: "torn tail"
  }
}

func hex(_ byte: UInt8) -> String {
  let digits = String(byte, radix: 16)
  return digits.count < 2 ? "0" + digits : digits
}

/// The bytes of `value` as they stand in a file.
func hexBytes(_ value: UInt64) -> String {
  (0..<8).map { hex(UInt8(truncatingIfNeeded: value >> (8 * $0))) }.joined()
}
