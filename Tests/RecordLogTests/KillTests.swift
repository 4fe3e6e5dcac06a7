import Bytes
import Foundation
import Testing

@testable import RecordLog

/// Row 7 of the plan: processes that are killed while they write, seal or repair. What they had said
/// to be durable is there, once and in order.
struct KillTests {
  static let wanted = Volume.of(100, full: 500)

  /// Kills the child after up to `longest`, and 50 ms at most, unless it is done before.
  /// - Returns: whether it was killed.
  private static func kill(
    _ child: Forked, within longest: Duration, _ random: inout SeededGenerator
  ) -> Bool {
    let most = UInt32(min(longest, .milliseconds(50)) / .microseconds(1))
    usleep(UInt32.random(in: 0...most, using: &random))
    child.kill()
    return child.wait() == -SIGKILL
  }

  /// The last number that came out of the pipe, which is closed.
  private static func last(_ descriptor: Int32) -> UInt64 {
    var number: UInt64 = 0
    while read(descriptor, &number, 8) == 8 {}
    close(descriptor)
    return number
  }

  private static func record(_ number: UInt64) -> String { #"{"id":\#(number)}"# }

  @Test func `a writer killed at any moment keeps what it acknowledged`() throws {
    let start = ContinuousClock.now
    var random = SeededGenerator(7)
    let folder = try QuickFolder()
    var options = segmented()
    options.fileID = nil
    var acknowledged: UInt64 = 0
    var kills = 0
    var lost = 0
    for round in 0..<Self.wanted {
      if round % 25 == 0 { acknowledged = 0 }
      let log = folder.file("log-\(round / 25)")
      options.sync = [SyncPolicy.everyCommit, .bytes(ByteCount(2000)), .interval(.zero)][round % 3]
      var ends: [Int32] = [0, 0]
      try #require(pipe(&ends) == 0)
      let child = try Forked { Self.write(to: log, options, telling: ends[1]) }
      close(ends[1])
      kills += Self.kill(child, within: .milliseconds(50), &random) ? 1 : 0
      acknowledged = max(acknowledged, Self.last(ends[0]))
      lost += try Self.check(log, acknowledged) ? 0 : 1
    }
    #expect(lost == 0)
    // Nothing else ends a writer.
    #expect(kills == Self.wanted)
    report(row: 7, since: start, "\(kills) writers killed: \(lost) lost an acknowledged record")
  }

  /// Goes on with numbered records, rolling and finishing now and then, until it is killed.
  private static func write(
    to log: String, _ options: RecordLogOptions, telling descriptor: Int32
  ) -> Int32 {
    do {
      while true {
        let writer = try SegmentedLogWriter(log, options: options)
        for turn in 1..<200 {
          try writer.append(record(writer.positions.appended))
          if turn % 5 == 0 { try writer.commit() }
          if turn % 31 == 0 { try writer.roll() }
          var durable = writer.positions.durable
          guard Foundation.write(descriptor, &durable, 8) == 8 else { return 1 }
        }
        try writer.finish()
      }
    } catch {
      return 2
    }
  }

  /// Whether the records are numbered from 0 on, and as many as were acknowledged.
  private static func check(_ log: String, _ acknowledged: UInt64) throws -> Bool {
    guard FileManager.default.fileExists(atPath: log) else { return acknowledged == 0 }
    let writer = try SegmentedLogWriter(log, options: segmented())
    let found = read(log, .tailTolerant)
    let isSame =
      found.error == nil && writer.positions.appended == UInt64(found.records.count)
      && found.records.enumerated().allSatisfy { $1 == record(UInt64($0)) }
    if !isSame || UInt64(found.records.count) < acknowledged {
      Issue.record(
        "\(found.records.count) records, \(acknowledged) acknowledged; \(found.error.debugDescription)"
      )
      return false
    }
    return true
  }

  @Test func `a sealer killed at any moment leaves a log that can be sealed`() throws {
    let start = ContinuousClock.now
    var random = SeededGenerator(8)
    let folder = try QuickFolder()
    let original = folder.file("original")
    let records = lines(20_000)
    try RecordLogTests.write(
      records, to: original, options: repeatable(chunk: 2000), finishing: false)
    let whole = try bytes(of: original)
    let path = folder.file("copy")
    try put(whole, at: path)
    let duration = try ContinuousClock().measure { try LogCopy.seal(path) }
    var (kills, rounds, sealed) = (0, 0, 0)
    while kills < Self.wanted, rounds < 10 * Self.wanted {
      rounds += 1
      try put(whole, at: path)
      let child = try Forked {
        do { try LogCopy.seal(path) } catch { return 1 }
        return 0
      }
      guard Self.kill(child, within: duration, &random) else { continue }
      kills += 1
      if read(path).error != nil { try LogCopy.seal(path) } else { sealed += 1 }
      #expect(read(path).records == records, "round \(rounds)")
    }
    #expect(kills == Self.wanted)
    report(
      row: 7, since: start,
      "\(kills) sealers killed in \(rounds) rounds, \(sealed) of them after the seal: 0 lost")
  }

  @Test func `a repairer killed at any moment leaves the damaged file alone and can be run again`()
    throws
  {
    let start = ContinuousClock.now
    var random = SeededGenerator(9)
    let folder = try QuickFolder()
    let damaged = folder.file("damaged")
    try RecordLogTests.write(lines(5000), to: damaged, options: repeatable(chunk: 2000))
    var content = try bytes(of: damaged)
    for place in stride(from: 3000, to: content.count, by: content.count / 7) {
      content[place] ^= 4
    }
    try put(content, at: damaged)
    var expected: UInt64 = 0
    let duration = try ContinuousClock().measure {
      expected = try LogRepair().run(from: damaged, to: folder.file("expected")).records
    }
    try #require(expected > 4000 && expected < 5000)
    var (kills, rounds) = (0, 0)
    let output = folder.file("repaired")
    while kills < Self.wanted, rounds < 10 * Self.wanted {
      rounds += 1
      try? FileManager.default.removeItem(atPath: output)
      let child = try Forked {
        (try? LogRepair().run(from: damaged, to: output)) == nil ? 1 : 0
      }
      guard Self.kill(child, within: duration, &random) else { continue }
      kills += 1
      // What it left is no log that anybody takes for a whole one, unless it was done.
      let left = read(output)
      #expect(left.error != nil || UInt64(left.records.count) == expected, "round \(rounds)")
      try? FileManager.default.removeItem(atPath: output)
      if kills % 10 == 0 {
        #expect(try LogRepair().run(from: damaged, to: output).records == expected)
      }
    }
    #expect(try bytes(of: damaged) == content)
    #expect(kills == Self.wanted)
    report(
      row: 7, since: start,
      "\(kills) repairers killed in \(rounds) rounds: the damaged file as it was, 0 false results"
    )
  }
}
