import Bytes
import Foundation
import Testing

@testable import RecordLog

/// Row 16 of the plan: three followers read along while a log is written and sealed. `tools/torture 16`
/// runs this under the thread sanitizer.
struct FollowerTests {
  @Test func `three followers see every record once, in order, while a log is written and sealed`()
    throws
  {
    let start = ContinuousClock.now
    let wanted = Volume.of(5, full: 50)
    var round = 0
    let wrong = Locked<[String]>([])
    let followed = Locked(0)
    while round < wanted || Volume.wantsMore(since: start) {
      let number = round
      let folder = try QuickFolder()
      let path = folder.file("log")
      var options = repeatable(
        chunk: 300, sync: [SyncPolicy.everyCommit, .bytes(ByteCount(3000)), .never][round % 3])
      options.fileID = nil
      let writer = Locked(try RecordLogWriter(creating: path, options: options))
      inThreads(4) { thread in
        do {
          if thread == 0 {
            try writer.withLock { try Self.write($0) }
          } else {
            let count = try Self.follow(path, durableOnly: thread == 3)
            followed.withLock { $0 += count }
          }
        } catch {
          wrong.withLock { $0.append("round \(number), \(thread): \(error)") }
        }
      }
      round += 1
    }
    #expect(wrong.withLock { $0 } == [])
    report(
      row: 16, since: start,
      """
      \(round) logs written and sealed under 3 followers, \(grouped(followed.withLock { $0 })) \
      records followed: \(wrong.withLock { $0.count }) wrong
      """)
  }

  /// A writer is stopped at every moment, its writes in pieces of 100 bytes.
  @Test(arguments: [SyncPolicy.everyCommit, .never])
  func `no header is in a file before all that belongs to its chunk`(sync: SyncPolicy) throws {
    let folder = try QuickFolder()
    var options = repeatable(chunk: 300, sync: sync)
    var moment = 0
    var torn = 0
    var isDone = false
    while !isDone {
      let path = folder.file("\(moment)")
      let files = FaultyFiles()
      files.calls = [.write, .truncate]
      files.failing = moment..<Int.max
      files.longestWrite = 100
      options.files = files
      isDone = (try? RecordLogTests.write(lines(30), to: path, options: options)) != nil
      moment += 1
      guard let reader = try? RecordLogReader(path: path, options: .init(mode: .tailTolerant))
      else {
        continue
      }
      while try reader.nextHeader(verifying: .stored) != nil {}
      let rest = try bytes(of: path)[Int(reader.place)...]
      torn += rest.isEmpty ? 0 : 1
      #expect(ChunkHeader(anywhere: Array(rest).rawSpan) == nil, "after \(moment) writes")
    }
    #expect(torn > 20)
  }

  private static let count = 3000

  private static func write(_ writer: RecordLogWriter) throws {
    for number in 0..<count {
      try writer.append("\(number)")
      if number % 100 == 99 { try writer.commit() }
    }
    try writer.finish()
  }

  struct Unlike: Error { var text: String }

  private static func follow(_ path: String, durableOnly: Bool) throws -> Int {
    let follower = try LogFollower(path: path, durableOnly: durableOnly)
    let end = ContinuousClock.now + .seconds(60)
    var next = 0
    while let chunk = try follower.next(while: { ContinuousClock.now < end }) {
      for index in 0..<chunk.count {
        let text = String(decoding: chunk.bytes[chunk.range(index)], as: UTF8.self)
        guard text == "\(next)\n", chunk.sequence(index) == UInt64(next) else {
          throw Unlike(text: "\(text) for \(next)")
        }
        next += 1
      }
    }
    guard next == count, follower.ending == .sealed else {
      throw Unlike(text: "\(next) records, \(follower.ending.debugDescription)")
    }
    return next
  }
}
