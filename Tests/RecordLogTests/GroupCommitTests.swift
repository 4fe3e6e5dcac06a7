import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

/// Many threads, one log.
struct GroupCommitTests {
  /// Appends `count` records from each of eight threads, each waiting until its record is durable.
  /// - Returns: how many appends and waits failed.
  func work(_ log: GroupCommitLog, count: Int) -> Int {
    let failures = Failures()
    inThreads(8) { thread in
      for number in 0..<count {
        do {
          let sequence = try log.append("[\(thread),\(number)]")
          let positions = try log.waitUntilDurable(sequence)
          if positions.durable <= sequence { failures.add() }
        } catch {
          failures.add()
        }
      }
    }
    return failures.count
  }

  /// Sendable because the count is only touched under the lock.
  final class Failures: @unchecked Sendable {
    private let lock = NSLock()
    private(set) var count = 0
    func add() { lock.withLock { count += 1 } }
  }

  func numbers(_ records: [String], of thread: Int) -> [Int] {
    records.filter { $0.hasPrefix("[\(thread),") }
      .compactMap { Int($0.dropFirst(3).dropLast()) }
  }

  @Test func `what eight threads append is there once, in each one's order, for fewer syncs`()
    throws
  {
    let folder = try QuickFolder()
    let files = FaultyFiles()
    files.calls = [.sync]
    files.syncMicroseconds = 300
    var options = segmented(files)
    options.segmentSize = .mebibytes(64)
    let log = try GroupCommitLog(folder.file("log"), options: options)
    #expect(work(log, count: 2000) == 0)
    #expect(log.positions == LogPositions(appended: 16_000, durable: 16_000))
    try log.finish()
    let syncs = files.count
    #expect(syncs < 14_000)
    let records = read(folder.file("log")).records
    #expect(records.count == 16_000)
    for thread in 0..<8 { #expect(numbers(records, of: thread) == Array(0..<2000)) }
  }

  @Test func `an interval ends without another append`() async throws {
    let folder = try QuickFolder()
    let options = segmented(sync: .interval(.milliseconds(20)))
    let log = try GroupCommitLog(folder.file("log"), options: options)
    try log.append("1")
    for _ in 0..<500 where log.positions.durable == 0 {
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(log.positions == LogPositions(appended: 1, durable: 1))
    try log.finish()
  }

  @Test func `tasks wait for their records without a thread`() async throws {
    let folder = try QuickFolder()
    let log = try GroupCommitLog(folder.file("log"), options: segmented())
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<500 {
        group.addTask {
          let sequence = try log.append("\(number)")
          return try await log.durable(sequence).durable > sequence
        }
      }
      for try await isDurable in group { #expect(isDurable) }
    }
    try log.finish()
    #expect(Set(read(folder.file("log")).records).count == 500)
  }

  @Test func `without syncs the durable position stays behind and says so`() throws {
    let folder = try QuickFolder()
    let log = try GroupCommitLog(folder.file("log"), options: segmented(sync: .never))
    let sequence = try log.append("1")
    #expect(try log.waitUntilDurable(sequence) == LogPositions(appended: 1, durable: 0))
    try log.finish()
  }

  @Test func `lines are appended many at a time, up to one that is none`() throws {
    let folder = try QuickFolder()
    let log = try GroupCommitLog(folder.file("log"), options: segmented())
    #expect(try log.append(lines: [UInt8]("1\n2\n3".utf8).span.bytes, cursor: 10) == 3)
    #expect { try log.append(lines: [UInt8]("4\n\n5\n".utf8).span.bytes, cursor: 13) } throws: {
      ($0 as? RecordLogError)?.problem == .notOneLine
    }
    #expect(try log.commit() == LogPositions(appended: 4, durable: 4))
    try log.barrier(1)
    let positions = try log.commit()
    #expect(positions.durable == 4)
    #expect(read(folder.file("log"), .tailTolerant).records == ["1", "2", "3", "4"])
    try log.finish()
    let again = try GroupCommitLog(folder.file("log"), options: segmented())
    #expect(again.firstCursor == 14)
  }

  @Test func `what no log takes is refused at once`() throws {
    let folder = try QuickFolder()
    let log = try GroupCommitLog(folder.file("log"), options: segmented())
    #expect { try log.append("1\n2") } throws: { ($0 as? RecordLogError)?.problem == .notOneLine }
    #expect { try log.append("1", type: 9) } throws: {
      ($0 as? RecordLogError)?.problem == .unknownType(9)
    }
    let type = try log.declare("other")
    try log.append("2", type: type)
    try log.mark(cursor: 5)
    try log.finish()
    #expect { try log.append("3") } throws: { ($0 as? RecordLogError)?.problem == .alreadyEnded }
    #expect(throws: RecordLogError.self) { try log.finish() }
    #expect(read(folder.file("log")).records == ["2"])
  }

  @Test func `any call may fail, and what was called durable stays`() throws {
    let counting = FaultyFiles()
    try check(counting, "no fault")
    #expect(counting.count > 40)
    for index in 0..<counting.count {
      for length in [1, 1_000_000] {
        let files = FaultyFiles()
        files.failing = index..<index + length
        try check(files, "call \(index), \(length) times")
      }
    }
  }

  /// One thread, so that calls come in an order that can be repeated.
  func check(_ files: FaultyFiles, _ place: String) throws {
    let folder = try QuickFolder()
    let log = folder.file("log")
    var accepted: [String] = []
    var durable = 0
    if let writer = try? GroupCommitLog(log, options: segmented(files)) {
      for line in lines(24) {
        guard let sequence = try? writer.append(line) else { continue }
        #expect(sequence == UInt64(accepted.count), "\(place)")
        accepted.append(line)
        if let reached = try? writer.waitUntilDurable(sequence) { durable = Int(reached.durable) }
      }
      try? writer.finish()
      durable = max(durable, Int(writer.positions.durable))
    }
    guard FileManager.default.fileExists(atPath: log) else { return }
    let again = try SegmentedLogWriter(log, options: segmented())
    let count = Int(again.positions.appended)
    try again.finish()
    #expect(count >= durable, "\(place)")
    #expect(read(log).records == Array(accepted.prefix(count)), "\(place)")
  }
}
