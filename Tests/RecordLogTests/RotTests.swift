import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

/// Row 6 of the plan: whatever rots below what was promised to be durable is never called torn.
struct RotTests {
  /// A log as one policy leaves it: committed now and then, over two sessions, and not sealed.
  static func log(_ name: String, _ policy: SyncPolicy) throws -> WholeLog {
    let folder = try QuickFolder()
    let path = folder.file("log")
    let records = lines(60)
    var options = repeatable(chunk: 500, sync: policy)
    for session in 0..<2 {
      let writer = try RecordLogWriter.continuing(path, options: options)
      for number in session * 30..<session * 30 + 30 {
        try writer.append(records[number])
        if number % 10 == 4 { try writer.commit() }
      }
      // Nothing after this is promised.
      options.sync = session == 0 ? policy : .never
      if session == 0 { try writer.commit() } else { try writer.flush() }
    }
    return try WholeLog(
      name, try bytes(of: path), records: records.map { [UInt8]($0.utf8) + [10] })
  }

  static func logs() throws -> [WholeLog] {
    [
      try log("every commit", .everyCommit), try log("interval", .interval(.zero)),
      try log("bytes", .bytes(ByteCount(700))), try log("rare bytes", .bytes(ByteCount(4000))),
      try log("never", .never),
    ]
  }

  struct Count {
    var tally = Tally()
    var writers = 0
    var followers = 0
  }

  @Test func `rot below the durable offset is an error under every policy`() throws {
    let start = ContinuousClock.now
    var total = Count()
    for log in try Self.logs() {
      #expect(log.promised > 0 || log.name == "never", "\(log.name)")
      for part in try onAllCores({ try Self.rot(log, core: $0, of: $1) }) {
        total.tally.add(part.tally)
        total.writers += part.writers
        total.followers += part.followers
      }
    }
    #expect(total.tally.verdict == "")
    #expect(total.tally.cases > 50_000)
    report(
      row: 6, since: start,
      """
      \(grouped(total.tally.cases)) changes below the durable offset under 5 policies, \
      \(grouped(total.followers)) of them followed and \(grouped(total.writers)) opened to append: \
      \(total.tally.complaintCount) called torn
      """)
  }

  /// Odd, so that every place in a chunk comes up in some chunk or other.
  private static let step = 17 / Volume.of(1, full: 17)

  private static func rot(_ log: WholeLog, core: Int, of cores: Int) throws -> Count {
    let file = try HeldFile(log.bytes)
    var count = Count()
    for place in stride(from: core, to: log.promised, by: cores * step) {
      for mask: UInt8 in [0x01, 0x80, 0xFF] {
        file[place] ^= mask
        count.tally.cases += 1
        let case4 = count.tally.cases % 4
        let reading = ChunkReading(file.path, of: log, .tailTolerant)
        if reading.error?.category != .damage || !reading.areRight || !reading.events.isEmpty {
          count.tally.complain("\(log.name), byte \(place) ^ \(mask): \(reading)")
        }
        if case4 == 1 {
          count.followers += 1
          if follow(file.path) == nil {
            count.tally.complain("\(log.name), byte \(place) ^ \(mask), followed: no error")
          }
        }
        if case4 == 3 {
          count.writers += 1
          appendTo(file, log, damagedAt: place, &count.tally)
        }
        file[place] = log.bytes[place]
      }
    }
    return count
  }

  /// Why a follower stops; nil where it waits for more.
  private static func follow(_ path: String) -> RecordLogError? {
    do {
      let follower = try LogFollower(path: path)
      while try follower.nextPresent() != nil {}
      return nil
    } catch {
      return error
    }
  }

  /// A writer need not notice what is wrong with old values, but must leave what is there alone.
  private static func appendTo(
    _ file: HeldFile, _ log: WholeLog, damagedAt place: Int, _ tally: inout Tally
  ) {
    let damaged = file[place]
    _ = try? RecordLogWriter(appendingTo: file.path)
    let found = (try? bytes(of: file.path)) ?? []
    let isSame =
      found.count == log.bytes.count && found[place] == damaged
      && found[..<place] == log.bytes[..<place]
      && found[(place + 1)...] == log.bytes[(place + 1)...]
    if !isSame { tally.complain("\(log.name), byte \(place): the writer changed the file") }
  }

  /// In a folder every segment but the last is promised as a whole.
  @Test func `rot in a segment that has successors is never the end of the log`() throws {
    let start = ContinuousClock.now
    var tally = Tally()
    for policy in [SyncPolicy.everyCommit, .interval(.zero), .bytes(ByteCount(1500)), .never] {
      let folder = try QuickFolder()
      let path = folder.file("log")
      var options = segmented(sync: policy)
      options.segmentSize = ByteCount(3000)
      let writer = try SegmentedLogWriter(path, options: options)
      for (number, record) in lines(120).enumerated() {
        try writer.append(record)
        if number % 20 == 19 { try writer.commit() }
      }
      let names = try FileManager.default.contentsOfDirectory(atPath: path)
        .filter { $0.hasPrefix("seg-") }.sorted()
      try #require(names.count > 3)
      for name in names.dropLast().prefix(3) {
        tally.add(try Self.rotSegment(path + "/" + name, of: path, policy))
      }
    }
    #expect(tally.verdict == "")
    report(
      row: 6, since: start,
      """
      \(grouped(tally.cases)) changes in segments with successors under 4 policies: \
      \(tally.complaintCount) called the end
      """)
  }

  private static func rotSegment(
    _ segment: String, of log: String, _ policy: SyncPolicy
  ) throws -> Tally {
    var tally = Tally()
    let whole = try bytes(of: segment)
    var damaged = whole
    for place in stride(from: 0, to: whole.count, by: 29 / Volume.of(1, full: 29)) {
      damaged[place] ^= 1 << UInt8(place % 8)
      try put(damaged, at: segment)
      tally.cases += 1
      let reading = read(log, .tailTolerant)
      // Index and seal of a segment are no records: what is wrong with them may be passed over.
      let isWhole = reading.records == lines(120) && reading.ending == .unsealed
      if reading.error?.category != .damage && !isWhole {
        tally.complain("\(policy), \(segment) byte \(place): \(reading)")
      }
      damaged[place] = whole[place]
    }
    try put(whole, at: segment)
    return tally
  }
}
