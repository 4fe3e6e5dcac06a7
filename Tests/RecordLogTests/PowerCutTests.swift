import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

/// After a power cut at any moment nothing acknowledged is lost and nothing is called damaged.
struct PowerCutTests {
  @Test(arguments: [
    SyncPolicy.everyCommit, .bytes(ByteCount(1500)),
  ])
  func `a power cut leaves a beginning of the log with all that was acknowledged`(
    policy: SyncPolicy
  ) throws {
    let folder = try QuickFolder()
    let files = PowerCutFiles()
    var random = SystemRandomNumberGenerator()
    var told = Told()
    var states = 0
    var writer: SegmentedLogWriter?
    let copy = folder.file("copy")
    files.afterEach = {
      for _ in 0..<3 {
        do {
          try FileManager.default.createDirectory(
            atPath: copy, withIntermediateDirectories: true)
          try files.cut(into: copy, &random)
          try check(copy, told)
          states += 1
          try FileManager.default.removeItem(atPath: copy)
        } catch {
          Issue.record("state \(states) after \(told.accepted.count) records: \(error)")
        }
      }
    }
    writer = try SegmentedLogWriter(folder.file("log"), options: segmented(files, sync: policy))
    for (number, record) in lines(200).enumerated() {
      try writer?.append(record)
      told.accepted.append(record)
      if number % 9 == 8 { try writer?.commit() }
      if number % 50 == 49 { try writer?.roll() }
      told.durable = Int(writer?.positions.durable ?? 0)
    }
    try writer?.finish()
    #expect(states > 500)
    print("power cuts under \(policy): \(states) states")
  }

  func check(_ log: String, _ told: Told) throws {
    let before = try? RecordLogReader(path: log, options: .init(mode: .tailTolerant))
    let first = try SegmentedLogWriter(log, options: segmented())
    let count = Int(first.positions.appended)
    #expect(before != nil || count == 0)
    try #require(count >= told.durable)
    try #require(count <= told.accepted.count)
    try first.append("\"after\"")
    try first.finish()
    let reading = read(log)
    try #require(reading.error == nil)
    try #require(reading.records == Array(told.accepted.prefix(count)) + ["\"after\""])
  }
}
