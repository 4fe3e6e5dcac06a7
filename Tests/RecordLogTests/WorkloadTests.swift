import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

/// Row 8 of the plan: every call of twenty workloads goes wrong, in every way.
struct WorkloadTests {
  /// Something that is done with a log, and what must be true of it whatever fails.
  struct Workload: Sendable {
    var name: String
    var sync = SyncPolicy.everyCommit
    var chunk = 200
    var segment = 4000
    var run: @Sendable (inout Told, SegmentedLogWriter) -> Void
    /// Sessions before and after the first one.
    var sessions = 1
  }

  private static func appending(
    _ count: Int, committingEvery interval: Int = .max, size: Int = 0
  ) -> @Sendable (inout Told, SegmentedLogWriter) -> Void {
    { told, writer in
      for number in 0..<count {
        append(&told, writer, size: size)
        if number % interval == interval - 1 { told.attempt { _ = try writer.commit() } }
      }
    }
  }

  private static func append(_ told: inout Told, _ writer: SegmentedLogWriter, size: Int = 0) {
    let number = told.attempts
    told.attempts += 1
    let record = #"{"n":\#(number),"t":"\#(String(repeating: "z", count: size))"}"#
    do {
      let sequence = try writer.append(record, cursor: UInt64(number + 1))
      if sequence != UInt64(told.accepted.count) { told.accepted.append("sequence \(sequence)") }
      told.accepted.append(record)
    } catch {
      told.errors.append(error)
    }
    told.durable = Int(writer.positions.durable)
  }

  static let workloads: [Workload] = [
    Workload(name: "one record", run: appending(1)),
    Workload(name: "nothing") { _, _ in },
    Workload(name: "a commit for each", run: appending(12, committingEvery: 1)),
    Workload(name: "a commit now and then", run: appending(30, committingEvery: 7)),
    Workload(name: "no commit", run: appending(40)),
    Workload(name: "no sync", sync: .never, run: appending(40, committingEvery: 10)),
    Workload(name: "sync by bytes", sync: .bytes(ByteCount(600)), run: appending(40)),
    Workload(name: "sync by time", sync: .interval(.zero), run: appending(12)),
    Workload(name: "segments of a chunk", segment: 600, run: appending(20, committingEvery: 4)),
    Workload(
      name: "segments of a chunk, no sync", sync: .never, segment: 600, run: appending(30)),
    Workload(name: "records larger than chunks", chunk: 50, run: appending(10, size: 300)),
    Workload(
      name: "large and small", chunk: 2000, run: appending(12, committingEvery: 5, size: 900)),
    Workload(name: "rolling") { told, writer in
      for _ in 0..<5 {
        append(&told, writer)
        told.attempt { try writer.roll() }
      }
    },
    Workload(name: "rolling what is committed", sync: .never) { told, writer in
      for _ in 0..<4 {
        append(&told, writer)
        told.attempt { _ = try writer.commit() }
        told.attempt { try writer.roll() }
      }
    },
    Workload(name: "marks") { told, writer in
      for number in 0..<8 {
        if number % 3 == 0 { append(&told, writer) }
        told.attempt { try writer.mark(cursor: UInt64(100 + number)) }
      }
    },
    Workload(name: "flushes") { told, writer in
      for number in 0..<12 {
        append(&told, writer)
        told.attempt { try writer.flush() }
        if number % 5 == 4 { told.attempt { _ = try writer.commit() } }
      }
    },
    Workload(name: "new types") { told, writer in
      for number in 0..<6 {
        told.attempt { _ = try writer.declare("type \(number)") }
        append(&told, writer)
        if number % 2 == 1 { told.attempt { _ = try writer.commit() } }
      }
    },
    Workload(name: "finishing") { told, writer in
      for _ in 0..<6 { append(&told, writer) }
      told.attempt { try writer.finish() }
      told.attempt { try writer.finish() }
    },
    Workload(name: "three sessions", run: appending(8, committingEvery: 3), sessions: 3),
    Workload(
      name: "three finished sessions",
      run: { told, writer in
        for _ in 0..<4 { append(&told, writer) }
        told.attempt { try writer.finish() }
      }, sessions: 3),
  ]

  /// How a call goes wrong.
  struct Fault: Sendable, CustomStringConvertible {
    var description: String
    var code: Int32
    var calls = Set(FaultyFiles.Call.allCases)
    var isForGood = false
    var repeats = 1
    /// Of a thousand bytes, how many a failing write leaves behind.
    var writtenAnyway = 0
    /// Whether nobody may notice.
    var isHarmless = false
  }

  static let faults: [Fault] = [
    Fault(description: "ENOSPC", code: ENOSPC, writtenAnyway: 500),
    Fault(description: "ENOSPC for good", code: ENOSPC, isForGood: true),
    Fault(description: "EDQUOT", code: EDQUOT, writtenAnyway: 900),
    Fault(description: "EIO", code: EIO),
    Fault(description: "EIO for good", code: EIO, isForGood: true, writtenAnyway: 100),
    Fault(description: "EIO of a write", code: EIO, calls: [.write], writtenAnyway: 999),
    Fault(description: "EIO of one sync", code: EIO, calls: [.sync]),
    Fault(description: "EIO of every sync", code: EIO, calls: [.sync], isForGood: true),
    Fault(description: "EAGAIN", code: EAGAIN),
    Fault(description: "EINTR", code: EINTR, isHarmless: true),
    Fault(description: "EINTR three times", code: EINTR, repeats: 3, isHarmless: true),
  ]

  /// Works on a log whose calls fail as `files` says, then looks what is there.
  /// - Returns: what is wrong, or nil.
  static func complaint(
    about files: FaultyFiles, _ workload: Workload, in log: String, isHarmless: Bool
  ) throws -> String? {
    var options = segmented(files, sync: workload.sync)
    options.chunk = ByteCount(workload.chunk)
    options.segmentSize = ByteCount(workload.segment)
    var told = Told()
    var isSure = true
    for _ in 0..<workload.sessions {
      do {
        let writer = try SegmentedLogWriter(log, options: options)
        // Of a session that ended before, some records may be there that nobody was promised.
        let found = Int(writer.positions.appended)
        if found < told.durable || found > told.accepted.count {
          return "\(found) of \(told.accepted.count) records, \(told.durable) durable, on opening"
        }
        told.accepted = Array(told.accepted.prefix(found))
        workload.run(&told, writer)
      } catch {
        told.errors.append(error)
        isSure = false
      }
    }
    if isHarmless, !told.errors.filter({ $0.problem != .alreadyEnded }).isEmpty {
      return "\(told.errors)"
    }
    guard FileManager.default.fileExists(atPath: log) else { return isSure ? "no log" : nil }
    return try complaint(aboutRestOf: log, told)
  }

  private static func complaint(aboutRestOf log: String, _ told: Told) throws -> String? {
    let again = try SegmentedLogWriter(log, options: segmented())
    let count = Int(again.positions.appended)
    guard count >= told.durable, count <= told.accepted.count else {
      return "\(count) of \(told.accepted.count) records, \(told.durable) durable"
    }
    try again.append("\"after\"")
    try again.finish()
    let reading = read(log)
    guard reading.error == nil,
      reading.records == Array(told.accepted.prefix(count)) + ["\"after\""]
    else { return "\(reading)" }
    return nil
  }

  private static func run(_ workload: Workload, core: Int, of cores: Int) throws -> Tally {
    let folder = try QuickFolder()
    var tally = Tally()
    func attempt(_ what: @autoclosure () -> String, isHarmless: Bool, _ files: FaultyFiles) {
      tally.cases += 1
      let log = folder.file("log-\(tally.cases)")
      defer { try? FileManager.default.removeItem(atPath: log) }
      do {
        let found = try complaint(about: files, workload, in: log, isHarmless: isHarmless)
        if let found { tally.complain("\(workload.name), \(what()): \(found)") }
      } catch {
        tally.complain("\(workload.name), \(what()): \(error)")
      }
    }
    for fault in faults {
      let dry = FaultyFiles()
      dry.calls = fault.calls
      attempt("no fault", isHarmless: true, dry)
      for index in stride(from: core, to: dry.count, by: cores) {
        let files = FaultyFiles()
        files.code = fault.code
        files.calls = fault.calls
        files.failing = index..<(fault.isForGood ? .max : index + fault.repeats)
        files.writtenAnyway = fault.writtenAnyway
        attempt("call \(index), \(fault)", isHarmless: fault.isHarmless, files)
      }
    }
    // Short writes of each length up to a header's, and a few more.
    for longest in Array(1...130) + [200, 255, 256, 511, 1000]
    where longest % cores == core
      && (longest % 16 < 3 || longest > 126 || Volume.of(0, full: 1) > 0)
    {
      let files = FaultyFiles()
      files.longestWrite = longest
      attempt("writes of \(longest)", isHarmless: true, files)
    }
    return tally
  }

  @Test func `every call of twenty workloads may fail in every way`() throws {
    let start = ContinuousClock.now
    try #require(Self.workloads.count == 20)
    var tally = Tally()
    for workload in Self.workloads {
      for part in try onAllCores({ try Self.run(workload, core: $0, of: $1) }) { tally.add(part) }
    }
    #expect(tally.verdict == "")
    report(
      row: 8, since: start,
      """
      \(grouped(tally.cases)) runs of 20 workloads, \(Self.faults.count) faults at every call and \
      short writes: \(tally.complaintCount) with anything lost, doubled or back again
      """)
  }
}
