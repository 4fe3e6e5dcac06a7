import Foundation
import Testing

@testable import RecordLog

/// Row 3 of the plan: files cut to every length.
struct EveryLengthTests {
  /// Up to 64 KiB, in chunks of some 2 KB.
  static func large(_ name: String, sealed: Bool, committingEvery interval: Int) throws -> WholeLog
  {
    let records = SalvageTests.json(500) + SalvageTests.mixed + SalvageTests.json(400)
    let sample = try SalvageTests.Sample(
      name, records, chunk: 2500, sealed: sealed, committingEvery: interval)
    return try WholeLog(sample)
  }

  @Test func `every length gives the exact prefix, and the right end of it`() throws {
    let start = ContinuousClock.now
    var logs = try SalvageTests.samples.map { try WholeLog($0) }
    logs.append(try Self.large("large sealed", sealed: true, committingEvery: .max))
    logs.append(try Self.large("large unsealed", sealed: false, committingEvery: .max))
    logs.append(try Self.large("large committed", sealed: false, committingEvery: 120))
    logs.append(try Self.large("large committed and sealed", sealed: true, committingEvery: 130))
    var tally = Tally()
    for log in logs {
      #expect(log.bytes.count <= 64 << 10, "\(log.name)")
      for part in try onAllCores({ try Self.cut(log, core: $0, of: $1) }) { tally.add(part) }
    }
    #expect(tally.verdict == "")
    #expect(tally.cases > 150_000)
    let largest = logs.map(\.bytes.count).max() ?? 0
    report(
      row: 3, since: start,
      """
      \(grouped(tally.cases)) lengths of \(logs.count) files, sealed and not, up to \
      \(grouped(largest)) bytes: \(tally.complaintCount) without the exact prefix and the right event
      """)
  }

  /// From the longest to the shortest, so that the file only ever shrinks.
  private static func cut(_ log: WholeLog, core: Int, of cores: Int) throws -> Tally {
    let file = try HeldFile(log.bytes)
    var tally = Tally()
    for length in stride(from: log.bytes.count - 1 - core, through: 0, by: -cores) {
      file.resize(to: length)
      tally.cases += 1
      if let complaint = complaint(about: file.path, log, length) {
        tally.complain("\(log.name), length \(length): \(complaint)")
      }
    }
    return tally
  }

  private static func complaint(about path: String, _ log: WholeLog, _ length: Int) -> String? {
    let strict = ChunkReading(path, of: log, .strict)
    guard strict.areRight, strict.areFirst, strict.error != nil else { return "strict \(strict)" }
    let tolerant = ChunkReading(path, of: log, .tailTolerant)
    guard length >= ChunkLayout.prologueBytes else {
      return tolerant.error?.category == .damage && tolerant.chunks == 0 ? nil : "\(tolerant)"
    }
    let (records, isClean) = log.whole(below: length)
    guard tolerant.areRight, tolerant.areFirst, tolerant.records == Int(records),
      tolerant.error == nil
    else { return "tolerant \(tolerant)" }
    switch tolerant.ending {
    case .unsealed: return isClean && tolerant.events.isEmpty ? nil : "not torn"
    case .torn: return !isClean && tolerant.events.count == 1 ? nil : "torn"
    default: return "\(tolerant)"
    }
  }
}
