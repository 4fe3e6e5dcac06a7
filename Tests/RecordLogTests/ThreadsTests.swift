import Bytes
import Foundation
import Testing

@testable import RecordLog

/// Row 16 of the plan, of a folder: everything that has threads, all at once. `tools/torture 16` runs
/// this under the thread sanitizer.
struct ThreadsTests {
  private static let appenders = 3
  private static let count = 600

  /// What the threads of one round find wrong, and how much they read.
  private final class Findings: Sendable {
    let wrong = Locked<[String]>([])
    let followed = Locked(0)

    func check(_ who: String, _ body: () throws -> Int) {
      do {
        let count = try body()
        followed.withLock { $0 += count }
      } catch {
        wrong.withLock { $0.append("\(who): \(error)") }
      }
    }
  }

  @Test func `followers see what many threads append while segments are packed and sealed`() throws
  {
    let start = ContinuousClock.now
    let wanted = Volume.of(3, full: 30)
    let findings = Findings()
    var round = 0
    while round < wanted || Volume.wantsMore(since: start) {
      let folder = try QuickFolder()
      try Self.run(folder.file("log"), packers: round % 3, findings)
      round += 1
    }
    #expect(findings.wrong.withLock { $0 } == [])
    report(
      row: 16, since: start,
      """
      \(round) folders written by \(Self.appenders) threads, packed, rolled and sealed under 3 \
      followers, \(grouped(findings.followed.withLock { $0 })) records followed: \
      \(findings.wrong.withLock { $0.count }) wrong
      """)
  }

  private static func run(_ path: String, packers: Int, _ findings: Findings) throws {
    var options = segmented(sync: .interval(.milliseconds(5)))
    options.packers = packers
    let log = try GroupCommitLog(path, options: options)
    let left = Locked(appenders)
    inThreads(appenders + 3) { thread in
      guard thread < appenders else {
        let isDurable = thread == appenders
        return findings.check("follower") { try follow(path, durableOnly: isDurable) }
      }
      findings.check("appender") { try append(to: log, as: thread) }
      // The last one seals.
      guard
        left.withLock({
          $0 -= 1; return $0 == 0
        })
      else { return }
      findings.check("sealer") {
        try log.finish()
        return 0
      }
    }
    findings.check("reader") { try readAhead(path) }
  }

  private static func append(to log: GroupCommitLog, as thread: Int) throws -> Int {
    for number in 0..<count {
      let sequence = try log.append("[\(thread),\(number)]")
      if number % 50 == 0 { try log.waitUntilDurable(sequence) }
      if number % 97 == 0 { try log.mark(cursor: UInt64(number)) }
      if number == 300 { _ = try log.declare("of \(thread)") }
    }
    return 0
  }

  struct Unlike: Error { var text: String }

  /// Each appender's records in its own order, and all of them.
  private struct Expectation {
    var next = [Int](repeating: 0, count: appenders)
    var total: Int { next.reduce(0, +) }

    mutating func take(_ record: some Sequence<UInt8>) throws {
      let text = String(decoding: Array(record), as: UTF8.self)
      let thread = next.indices.first { text == "[\($0),\(next[$0])]\n" }
      guard let thread else { throw Unlike(text: "\(text) where \(next) are next") }
      next[thread] += 1
    }

    func finish() throws -> Int {
      guard total == appenders * count else { throw Unlike(text: "\(next) at the end") }
      return total
    }
  }

  private static func follow(_ path: String, durableOnly: Bool) throws -> Int {
    let follower = try LogFollower(path: path, durableOnly: durableOnly)
    let end = ContinuousClock.now + .seconds(120)
    var expectation = Expectation()
    while let chunk = try follower.next(while: { ContinuousClock.now < end }) {
      for index in 0..<chunk.count { try expectation.take(chunk.bytes[chunk.range(index)]) }
    }
    guard follower.ending == .sealed else { throw Unlike(text: "no end") }
    return try expectation.finish()
  }

  private static func readAhead(_ path: String) throws -> Int {
    var options = ReadOptions()
    options.usesAllCores = true
    let reader = try RecordLogReader(path: path, options: options)
    var expectation = Expectation()
    while let record = try reader.next() { try expectation.take(record.bytes) }
    return try expectation.finish()
  }
}
