import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

/// Every call that a writer makes goes wrong once, or from there on.
struct FaultTests {
  let records = lines(120)

  /// Works on a log whose calls fail as `files` says, then looks what is there.
  func check(
    _ files: FaultyFiles, sync: SyncPolicy = .everyCommit, finishing: Bool = false, _ place: String,
    expecting: (Told) -> Void = { _ in }
  ) throws {
    let folder = try QuickFolder()
    let log = folder.file("log")
    var told = Told()
    do {
      let writer = try SegmentedLogWriter(log, options: segmented(files, sync: sync))
      told.work(records, into: writer)
      if finishing { told.attempt { try writer.finish() } }
    } catch {
      told.errors.append(error)
    }
    expecting(told)
    guard FileManager.default.fileExists(atPath: log) else { return }
    let again = try SegmentedLogWriter(log, options: segmented())
    let count = Int(again.positions.appended)
    #expect(count >= told.durable, "\(place)")
    #expect(count <= told.accepted.count, "\(place)")
    try again.append("\"after\"")
    try again.finish()
    let reading = read(log)
    #expect(reading.error == nil, "\(place)")
    #expect(reading.records == Array(told.accepted.prefix(count)) + ["\"after\""], "\(place)")
  }

  /// How many calls the work takes where all goes well.
  func calls(_ kinds: Set<FaultyFiles.Call>) throws -> Int {
    let files = FaultyFiles()
    files.calls = kinds
    try check(files, finishing: true, "no fault") { told in
      #expect(told.errors.isEmpty)
      #expect(told.accepted == records)
    }
    return files.count
  }

  @Test(arguments: [EIO, ENOSPC], [true, false])
  func `any one call may fail`(code: Int32, isForGood: Bool) throws {
    let all = try calls(Set(FaultyFiles.Call.allCases))
    #expect(all > 200)
    let policies = [SyncPolicy.everyCommit, .bytes(ByteCount(1500)), .never]
    for index in 0..<all {
      let files = FaultyFiles()
      files.code = code
      files.failing = isForGood ? index..<Int.max : index..<index + 1
      files.writtenAnyway = index % 3 * 400
      let policy = policies[(index + (isForGood ? 1 : 0) + Int(code)) % 3]
      try check(
        files, sync: policy, finishing: index % 2 == 0,
        "call \(index), error \(code), \(isForGood), \(policy)")
    }
  }

  @Test func `after one failed sync nothing is lost and nobody is bothered`() throws {
    let all = try calls([.sync])
    for index in 4..<all {
      let files = FaultyFiles()
      files.calls = [.sync]
      files.failing = index..<index + 1
      try check(files, "sync \(index)") { told in
        // A folder's sync has no chunks to write again; it is tried again with the next call.
        #expect(told.errors.count <= 1, "sync \(index)")
        #expect(told.accepted.count >= records.count - 1)
      }
    }
  }

  @Test func `a disk that never syncs accepts nothing as durable`() throws {
    let files = FaultyFiles()
    files.calls = [.sync]
    files.failing = 8..<Int.max
    try check(files, "no sync") { told in
      #expect(told.durable < 20)
      #expect(!told.errors.isEmpty)
    }
  }

  @Test func `signals may interrupt every call`() throws {
    let all = try calls(Set(FaultyFiles.Call.allCases))
    for index in 0..<all {
      let files = FaultyFiles()
      files.code = EINTR
      files.failing = index..<index + 2
      try check(files, finishing: true, "call \(index)") { told in
        #expect(told.errors.isEmpty, "call \(index)")
        #expect(told.accepted == records)
      }
    }
  }

  @Test(arguments: [1, 7, 127, 128, 129, 1000])
  func `writes may fall short`(longest: Int) throws {
    let files = FaultyFiles()
    files.longestWrite = longest
    try check(files, finishing: true, "at most \(longest)") { told in
      #expect(told.errors.isEmpty)
      #expect(told.accepted == records)
    }
  }

  @Test func `a full disk is an error that goes away, and refused records stay away`() throws {
    let files = FaultyFiles()
    files.calls = [.write]
    files.code = ENOSPC
    files.failing = 40..<60
    try check(files, finishing: true, "full") { told in
      #expect(!told.errors.contains { !$0.isDiskFull })
      #expect(!told.errors.isEmpty)
      #expect(told.durable > 80)
    }
  }

  @Test func `part of a chunk that could not be written whole is cut off at once`() throws {
    let folder = try QuickFolder()
    let path = folder.file("log")
    let files = FaultyFiles()
    files.calls = [.write]
    files.writtenAnyway = 700
    var options = repeatable(sync: .everyCommit)
    options.files = files
    let writer = try RecordLogWriter(creating: path, options: options)
    try writer.append("1")
    try writer.commit()
    let whole = try bytes(of: path)
    try writer.append("2")
    files.failing = files.count..<files.count + 1
    #expect(throws: RecordLogError.self) { try writer.commit() }
    #expect(try bytes(of: path) == whole)
    let reading = read(path, .tailTolerant)
    #expect(reading.records == ["1"] && reading.ending == .unsealed && reading.events.isEmpty)
    try writer.finish()
    #expect(read(path).records == ["1", "2"])
  }

  @Test func `a writer can wait for space`() throws {
    let folder = try QuickFolder()
    let files = FaultyFiles()
    files.calls = [.write]
    files.code = ENOSPC
    files.failing = 40..<60
    var options = segmented(files)
    options.whenDiskFull = .wait(.seconds(1))
    let writer = try SegmentedLogWriter(folder.file("log"), options: options)
    var told = Told()
    told.work(records, into: writer)
    try writer.finish()
    #expect(told.errors.isEmpty)
    #expect(files.pauses == writer.diskFullWaits && files.pauses > 0)
    #expect(read(folder.file("log")).records == records)
  }
}
