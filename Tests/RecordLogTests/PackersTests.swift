import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

/// Threads that pack change how fast a log is written, and nothing else.
struct PackersTests {
  /// Several chunks' worth, types mixed, one record larger than a chunk.
  func work(_ writer: RecordLogWriter) throws {
    let other = writer.declare("other", encoding: .bytes)
    for (number, line) in lines(3000).enumerated() {
      try writer.append(line, type: number % 5 == 0 ? other : nil, cursor: UInt64(number))
      if number == 1700 { _ = writer.declare("late") }
      if number % 611 == 0 { try writer.commit() }
    }
    try writer.append("\"" + String(repeating: "x", count: 9000) + "\"")
  }

  @Test(arguments: [SyncPolicy.everyCommit, .bytes(ByteCount(3000)), .never])
  func `a file's bytes do not depend on the number of threads`(sync: SyncPolicy) throws {
    let folder = try TemporaryFolder()
    var files: [[UInt8]] = []
    for packers in [0, 1, 2, 5] {
      var options = repeatable(chunk: 2000, sync: sync)
      options.packers = packers
      let path = folder.file("\(packers)")
      let writer = try RecordLogWriter(creating: path, options: options)
      try work(writer)
      try writer.finish()
      files.append(try bytes(of: path))
    }
    #expect(files.allSatisfy { $0 == files[0] })
    #expect(files[0].count > 20_000)
  }

  @Test func `segments end at the same records whatever the number of threads`() throws {
    let folder = try TemporaryFolder()
    var names: [[String]] = []
    for packers in [0, 1, 3] {
      var options = segmented()
      options.packers = packers
      let log = folder.file("\(packers)")
      let writer = try SegmentedLogWriter(log, options: options)
      for line in lines(1500) { try writer.append(line) }
      try writer.finish()
      #expect(read(log).records == lines(1500))
      names.append(
        try FileManager.default.contentsOfDirectory(atPath: log)
          .filter { $0.hasPrefix("seg-") }.sorted())
    }
    #expect(names[0].count > 3)
    #expect(names.allSatisfy { $0 == names[0] })
  }

  @Test(arguments: [EIO, ENOSPC])
  func `any one call may fail while chunks are on their way`(code: Int32) throws {
    let records = lines(120)
    let counting = FaultyFiles()
    try check(counting, records, "no fault")
    for index in 0..<counting.count {
      let files = FaultyFiles()
      files.code = code
      files.failing = index..<index + 1 + index % 4
      files.writtenAnyway = index % 3 * 400
      try check(files, records, "call \(index), error \(code)")
    }
  }

  func check(_ files: FaultyFiles, _ records: [String], _ place: String) throws {
    let folder = try QuickFolder()
    let log = folder.file("log")
    var told = Told()
    do {
      var options = segmented(files, sync: .bytes(ByteCount(1500)))
      options.packers = 2
      let writer = try SegmentedLogWriter(log, options: options)
      told.work(records, into: writer)
      told.attempt { try writer.finish() }
    } catch {
      told.errors.append(error)
    }
    guard FileManager.default.fileExists(atPath: log) else { return }
    let again = try SegmentedLogWriter(log, options: segmented())
    let count = Int(again.positions.appended)
    #expect(count >= told.durable, "\(place)")
    try again.finish()
    let reading = read(log)
    #expect(reading.error == nil, "\(place)")
    #expect(reading.records == Array(told.accepted.prefix(count)), "\(place)")
  }
}

struct AppendedLinesTests {
  @Test(arguments: [true, false], [0, 2])
  func `lines at once give the bytes that lines one by one give`(
    isTerminated: Bool, packers: Int
  ) throws {
    let folder = try TemporaryFolder()
    var options = repeatable(chunk: 700)
    options.packers = packers
    let one = try RecordLogWriter(creating: folder.file("one"), options: options)
    for (number, line) in lines(900).enumerated() {
      try one.append(line, cursor: UInt64(51 + number))
    }
    try one.finish()
    let all = try RecordLogWriter(creating: folder.file("all"), options: options)
    let text = lines(900).joined(separator: "\n") + (isTerminated ? "\n" : "")
    #expect(try all.append(lines: [UInt8](text.utf8).rawSpan, cursor: 50) == 900)
    #expect(all.lastCursor == 950)
    try all.finish()
    #expect(try bytes(of: folder.file("all")) == bytes(of: folder.file("one")))
  }

  @Test func `an empty or too large line stops behind those before it`() throws {
    let folder = try TemporaryFolder()
    var options = repeatable()
    options.largestRecord = ByteCount(10)
    let writer = try RecordLogWriter(creating: folder.file("a"), options: options)
    for (text, problem) in [
      ("1\n2\n\n3\n", RecordLogError.Problem.notOneLine),
      ("1\n2\n1234567890\n3\n", .tooLarge(.record, bytes: 11, limit: 10)),
      ("1\n2\n1234567890", .tooLarge(.record, bytes: 11, limit: 10)),
    ] {
      let before = writer.nextSequence
      let error = #expect(throws: RecordLogError.self) {
        try writer.append(lines: [UInt8](text.utf8).rawSpan)
      }
      #expect(error?.problem == problem)
      #expect(writer.nextSequence == before + 2)
    }
    try writer.finish()
    #expect(read(folder.file("a")).records == ["1", "2", "1", "2", "1", "2"])
  }
}
