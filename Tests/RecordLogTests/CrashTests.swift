import Bytes
import Foundation
import Testing

@testable import RecordLog

/// Row 5 of the plan: a power cut after every call of a writer, and after every call of the recovery
/// that follows, leaves a beginning of the log with all that was acknowledged.
struct CrashTests {
  /// One writer at work, and the states that a power cut may leave of its files.
  final class Rehearsal {
    let folder: QuickFolder
    let files = PowerCutFiles()
    let options: RecordLogOptions
    let told = Teller()
    var random: SeededGenerator
    var tally = Tally()
    /// States that were a crash in the middle of recovering from another.
    var recoveries = 0
    var statesPerCall: Int
    private let seed: UInt64
    private var slots: [String] = []

    /// What the writer's caller knows at the moment.
    final class Teller {
      var accepted: [String] = []
      var durable = 0
      var wasEnded = false
    }

    init(seed: UInt64, statesPerCall: Int) throws {
      self.seed = seed
      self.statesPerCall = statesPerCall
      folder = try QuickFolder()
      random = SeededGenerator(seed)
      let policies = [
        SyncPolicy.everyCommit, .bytes(ByteCount(1500)), .interval(.zero), .never,
      ]
      var options = segmented(files, sync: policies[Int(seed % 4)])
      options.fileID = nil
      options.segmentSize = ByteCount([3000, 9000, 20_000][Int(seed / 4 % 3)])
      self.options = options
    }

    /// Two sessions of appending, committing, rolling and finishing in a random order.
    func run() throws {
      files.afterEach = { [unowned self] in
        for _ in 0..<statesPerCall { cutPower(files, depth: 0) }
      }
      for _ in 0..<2 {
        let writer = try SegmentedLogWriter(folder.file("log"), options: options)
        // What the last session had not written is gone.
        told.accepted = Array(told.accepted.prefix(Int(writer.positions.appended)))
        for _ in 0..<Int.random(in: 5..<25, using: &random) { try step(writer) }
        if Bool.random(using: &random) {
          try writer.finish()
          note(writer)
        }
      }
    }

    private func step(_ writer: SegmentedLogWriter) throws {
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<6:
        let number = told.accepted.count
        let record = #"{"n":\#(number),"t":"\#(String(repeating: "y", count: number % 90))"}"#
        // While the call goes on the record may be there or not.
        told.accepted.append(record)
        try writer.append(record)
      case 6, 7: try writer.commit()
      case 8: try writer.flush()
      default: try writer.roll()
      }
      note(writer)
    }

    private func note(_ writer: SegmentedLogWriter) {
      told.durable = max(told.durable, Int(writer.positions.durable))
    }

    /// Lets a writer recover what a power cut at this moment leaves; now and then the power is cut
    /// again while it does so.
    private func cutPower(_ files: PowerCutFiles, depth: Int) {
      while slots.count <= depth { slots.append(folder.file("state-\(slots.count)")) }
      let state = slots[depth]
      tally.cases += 1
      if depth > 0 { recoveries += 1 }
      do {
        try? FileManager.default.removeItem(atPath: state)
        guard mkdir(state, 0o755) == 0 else { throw CocoaError(.fileWriteUnknown) }
        try files.cut(into: state, &random)
        try check(state, depth)
      } catch {
        let place = "seed \(seed), state \(tally.cases), depth \(depth)"
        tally.complain("\(place): \(error)")
      }
    }

    struct Broken: Error { var what: String }

    private func check(_ state: String, _ depth: Int) throws {
      var recovering = options
      recovering.files = SystemFiles()
      if depth < 2, tally.cases % 8 == 0 {
        let again = try PowerCutFiles(holding: state)
        again.afterEach = { [unowned self] in
          if again.hasUnsynced { cutPower(again, depth: depth + 1) }
        }
        recovering.files = again
      }
      let found = try recover(state, recovering)
      let survivors = RecordLogTests.read(state, .tailTolerant)
      guard survivors.error == nil, survivors.events.isEmpty,
        survivors.records == Array(told.accepted.prefix(found))
      else { throw Broken(what: "\(survivors)") }
      if tally.cases % 4 == 0 { try goOn(state, found) }
    }

    /// How many records a writer finds.
    private func recover(_ state: String, _ options: RecordLogOptions) throws -> Int {
      let writer = try SegmentedLogWriter(state, options: options)
      let found = Int(writer.positions.appended)
      guard found >= told.durable, found <= told.accepted.count else {
        throw Broken(what: "\(found) records, \(told.durable) to \(told.accepted.count) expected")
      }
      return found
    }

    /// Opening again finds the same, and the log can be gone on with.
    private func goOn(_ state: String, _ found: Int) throws {
      var plain = options
      plain.files = SystemFiles()
      let writer = try SegmentedLogWriter(state, options: plain)
      guard Int(writer.positions.appended) == found, writer.recovered?.debrisBytes ?? 0 == 0 else {
        throw Broken(what: "recovering again finds \(writer.positions)")
      }
      try writer.append("\"after\"")
      try writer.finish()
      let whole = RecordLogTests.read(state)
      guard whole.error == nil,
        whole.records == Array(told.accepted.prefix(found)) + ["\"after\""]
      else { throw Broken(what: "gone on with: \(whole)") }
    }
  }

  @Test func `a power cut at any moment, in recovery too, loses nothing acknowledged`() throws {
    let start = ContinuousClock.now
    let wanted = Volume.of(60_000, full: 300_000)
    let environment = ProcessInfo.processInfo.environment["SYNPO_TEST_SEED"]
    let first = environment.flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1 << 40)
    let parts = try onAllCores { core, cores in
      var tally = Tally()
      var recoveries = 0
      var seed = first + UInt64(core)
      while tally.cases * cores < wanted {
        let rehearsal = try Rehearsal(seed: seed, statesPerCall: 3)
        try rehearsal.run()
        tally.add(rehearsal.tally)
        recoveries += rehearsal.recoveries
        seed += UInt64(cores)
      }
      return (tally, recoveries)
    }
    var tally = Tally()
    for (part, _) in parts { tally.add(part) }
    #expect(tally.verdict == "")
    let recoveries = parts.reduce(0) { $0 + $1.1 }
    report(
      row: 5, since: start,
      """
      \(grouped(tally.cases)) states after power cuts, \(grouped(recoveries)) of them in the middle \
      of recovery, seeds from \(first) on: \(tally.complaintCount) with anything lost, wrong or \
      called damage
      """)
  }
}
