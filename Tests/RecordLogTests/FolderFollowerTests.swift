import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

/// Following a folder while it is written.
struct FolderFollowerTests {
  let folder: TemporaryFolder
  var log: String { folder.file("log") }

  init() throws { folder = try TemporaryFolder() }

  func take(_ follower: LogFollower) throws -> [UInt64] {
    var numbers: [UInt64] = []
    while let chunk = try follower.nextPresent() {
      for index in 0..<chunk.count { numbers.append(chunk.sequence(index)) }
    }
    return numbers
  }

  /// Opens the log, which is free again on return.
  func write(_ count: Int) throws {
    let writer = try SegmentedLogWriter(log, options: segmented())
    for record in lines(count) { try writer.append(record) }
    try writer.finish()
  }

  @Test(arguments: [false, true])
  func `a follower goes through rolls and seals and delivers each record once`(
    durableOnly: Bool
  ) throws {
    let writer = try SegmentedLogWriter(log, options: segmented())
    let follower = try LogFollower(path: log, durableOnly: durableOnly)
    var seen: [UInt64] = []
    for (number, record) in lines(2000).enumerated() {
      try writer.append(record)
      if number % 50 == 0 { try writer.commit() }
      if number % 7 == 0 {
        let more = try take(follower)
        if durableOnly, let last = more.last { #expect(last < writer.positions.durable) }
        seen += more
      }
    }
    #expect(follower.ending == nil)
    try writer.finish()
    seen += try take(follower)
    #expect(seen == Array(0..<2000))
    #expect(follower.ending == .sealed)
    #expect(follower.segment > 5)
  }

  @Test func `a follower that is told to stay goes on when the log is opened once more`() throws {
    try write(100)
    let staying = try LogFollower(path: log, staysBehindSeal: true)
    let leaving = try LogFollower(path: log)
    #expect(try take(staying) == Array(0..<100))
    #expect(try take(leaving) == Array(0..<100))
    #expect(leaving.ending == .sealed)
    #expect(staying.ending == nil)
    try write(50)
    #expect(try take(staying) == Array(100..<150))
  }

  @Test func `what a retired segment held is delivered once, though it is written again`() throws {
    let faults = FaultyFiles()
    faults.calls = [.sync]
    var options = segmented()
    options.files = faults
    options.sync = .everyCommit
    let writer = try SegmentedLogWriter(log, options: options)
    let follower = try LogFollower(path: log)
    let durable = try LogFollower(path: log, durableOnly: true)
    var (seen, sure): ([UInt64], [UInt64]) = ([], [])
    for number in 0..<300 {
      try writer.append(#"{"id":\#(number)}"#)
      if number % 10 == 5 {
        try writer.flush()
        seen += try take(follower)
        if number % 50 == 25 { faults.failing = faults.count..<faults.count + 1 }
        try writer.commit()
        seen += try take(follower)
        sure += try take(durable)
      }
    }
    try writer.finish()
    seen += try take(follower)
    sure += try take(durable)
    #expect(seen == Array(0..<300))
    #expect(sure == Array(0..<300))
    #expect(follower.segment >= 6)
  }

  @Test func `a segment that is sealed between listing and opening is found under its new name`()
    throws
  {
    let writer = try SegmentedLogWriter(log, options: segmented())
    try writer.append("1")
    try writer.commit()
    let list = try SegmentList(folder: log)
    try writer.finish()
    let path = try #require(list.segments.first?.path)
    #expect(path.hasSuffix(".open") && !FileManager.default.fileExists(atPath: path))
    #expect(try LogInput(segment: path).byteCount ?? 0 > 0)
    #expect(throws: FileError.self) { try LogInput(segment: log + "/seg-1.rlg.open") }
  }

  @Test func `a follower may begin at any record's segment`() throws {
    let writer = try SegmentedLogWriter(log, options: segmented())
    for record in lines(1000) { try writer.append(record) }
    try writer.finish()
    let follower = try LogFollower(path: log, from: 900)
    let numbers = try take(follower)
    #expect(numbers.first ?? 0 > 500)
    #expect(numbers.contains(900))
    #expect(numbers == Array((numbers.first ?? 0)..<1000))
  }
}
