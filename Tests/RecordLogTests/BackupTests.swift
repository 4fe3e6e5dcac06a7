import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

/// Copies of logs that somebody is writing.
struct BackupTests {
  @Test func `a copy of a log that is being written ends at what is durable, and opens`() throws {
    let folder = try TemporaryFolder()
    let records = lines(400)
    let writer = try RecordLogWriter(
      creating: folder.file("log"), options: repeatable(chunk: 300, sync: .bytes(ByteCount(4000))))
    var (longest, durable) = (0, 0)
    for (number, record) in records.enumerated() {
      try writer.append(record)
      guard number % 25 == 24 else { continue }
      try writer.flush()
      if number % 100 == 49 { try writer.commit() }
      let copy = folder.file("copy \(number)")
      let result = try LogBackup.make(of: folder.file("log"), at: copy)
      let reading = read(copy, .tailTolerant)
      longest = max(longest, reading.records.count)
      durable = Int(writer.durableSequence)
      #expect(reading.records == Array(records.prefix(reading.records.count)))
      #expect(reading.records.count <= durable && reading.ending == .unsealed)
      #expect(result.records == UInt64(reading.records.count) && !result.isSealed)
      let again = try RecordLogWriter(appendingTo: copy)
      #expect(again.recovered?.debrisBytes == 0)
    }
    // Not everything was durable, and much of it was copied.
    #expect(durable < 400 && longest > 200)
    try writer.finish()
  }

  @Test func `a copy of all that is whole holds what was flushed`() throws {
    let folder = try TemporaryFolder()
    let writer = try RecordLogWriter(
      creating: folder.file("log"), options: repeatable(chunk: 300, sync: .never))
    for record in lines(100) { try writer.append(record) }
    try writer.flush()
    let result = try LogBackup.make(
      of: folder.file("log"), at: folder.file("copy"), includesUndurable: true)
    #expect(result.records == 100)
    #expect(read(folder.file("copy"), .tailTolerant).records == lines(100))
    try writer.finish()
  }

  @Test func `a copy of a folder that is being written is a log of its own`() throws {
    let folder = try TemporaryFolder()
    let log = folder.file("log")
    let writer = try SegmentedLogWriter(log, options: segmented())
    for record in lines(700) { try writer.append(record) }
    try writer.commit()
    try writer.append("1")
    try writer.commit()
    for record in lines(20) { try writer.append(record) }
    try writer.flush()
    let copy = folder.file("copy")
    let result = try LogBackup.make(of: log, at: copy)
    let reading = read(copy, .tailTolerant)
    #expect(reading.records == Array((lines(700) + ["1"]).prefix(reading.records.count)))
    #expect(reading.records.count >= 700 && UInt64(reading.records.count) == result.records)
    #expect(result.files > 2 && !result.isSealed)
    try writer.finish()
    #expect(read(log).records.count == 721)
  }
}
