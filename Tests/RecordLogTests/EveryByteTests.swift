import Foundation
import Testing

@testable import RecordLog

/// Row 2 of the plan: every byte of small files takes every other value.
struct EveryByteTests {
  /// Each of a little over 2 KB.
  static func logs() throws -> [WholeLog] {
    let noise = (0..<3).map { (SalvageTests.noise(250, seed: $0 + 1), "blob") }
    let long = [70_000, 30, 200].map { (Array(repeating: UInt8($0 % 251), count: $0), "blob") }
    return try [
      SalvageTests.Sample("sealed", SalvageTests.json(12), chunk: 130),
      SalvageTests.Sample("mixed", Array(SalvageTests.mixed.prefix(9)), chunk: 150),
      SalvageTests.Sample("incompressible", noise, chunk: 300),
      SalvageTests.Sample("multi-block", long, chunk: 150),
    ].map { try WholeLog($0) }
  }

  /// Of how many changes one is read strictly, too; all are salvaged.
  static let strictEvery = 8 / Volume.of(1, full: 8)

  struct Count {
    var tally = Tally()
    var worstLoss = 0
  }

  @Test func `no changed byte goes undetected, gives a wrong record or costs two chunks`() throws {
    let start = ContinuousClock.now
    let logs = try Self.logs()
    var count = Count()
    for log in logs {
      try #require((2000..<8192).contains(log.bytes.count), "\(log.name)")
      for part in try onAllCores({ try Self.changeBytes(of: log, core: $0, of: $1) }) {
        count.tally.add(part.tally)
        count.worstLoss = max(count.worstLoss, part.worstLoss)
      }
    }
    #expect(count.tally.verdict == "")
    #expect(count.worstLoss == 1)
    #expect(count.tally.cases > 2_000_000)
    report(
      row: 2, since: start,
      """
      \(grouped(count.tally.cases)) single-byte changes on \(logs.count) files, all salvaged and \
      one in \(Self.strictEvery) read strictly: \(count.tally.complaintCount) undetected or with \
      wrong records, worst loss \(count.worstLoss) chunk
      """)
  }

  private static func changeBytes(of log: WholeLog, core: Int, of cores: Int) throws -> Count {
    let file = try HeldFile(log.bytes)
    var count = Count()
    for place in stride(from: core, to: log.bytes.count, by: cores) {
      let own = log.bytes[place]
      for value in 0...UInt8.max where value != own {
        file[place] = value
        count.tally.cases += 1
        let isMapped = value % 8 == 0
        if count.tally.cases % strictEvery == 0 {
          checkStrict(file.path, log, place, value, mapping: isMapped, &count)
        }
        checkSalvage(file.path, log, place, value, mapping: isMapped, &count)
      }
      file[place] = own
    }
    return count
  }

  private static func checkStrict(
    _ path: String, _ log: WholeLog, _ place: Int, _ value: UInt8, mapping: Bool,
    _ count: inout Count
  ) {
    let strict = ChunkReading(path, of: log, .strict, mapping: mapping)
    guard strict.areRight, strict.areFirst, let error = strict.error,
      error.problem != .unterminated
    else {
      return count.tally.complain("\(log.name), byte \(place) = \(value), strict: \(strict)")
    }
  }

  private static func checkSalvage(
    _ path: String, _ log: WholeLog, _ place: Int, _ value: UInt8, mapping: Bool,
    _ count: inout Count
  ) {
    let salvaged = ChunkReading(path, of: log, .salvage(), mapping: mapping)
    let loss = log.chunks.count - salvaged.chunks
    count.worstLoss = max(count.worstLoss, loss)
    let isTold = !salvaged.events.isEmpty || salvaged.error != nil
    let lost = salvaged.regions.compactMap(\.lostRecords).reduce(0, +)
    let isCounted =
      salvaged.regions.contains { $0.lostRecords == nil }
      || lost == log.recordCount - salvaged.records
    guard salvaged.areRight, isTold, loss <= 1, isCounted else {
      return count.tally.complain("\(log.name), byte \(place) = \(value), salvage: \(salvaged)")
    }
  }
}
