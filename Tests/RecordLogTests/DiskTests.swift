import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

/// Rows 9 and 10 of the plan: file systems that are really full, and pictures taken of one while a
/// log is being written to it. They are mounted by root only; where that is not possible the tests
/// are skipped, and say so.
struct DiskTests {
  /// A file system of its own, unmounted when the value goes.
  final class Mounted {
    let folder: QuickFolder
    let path: String

    init(_ command: (_ folder: String, _ mount: String) -> String) throws {
      folder = try QuickFolder()
      path = folder.file("mounted")
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      let outcome = try shell(command(folder.path, path))
      guard outcome.code == 0 else { throw Refused(why: outcome.complaint) }
    }

    deinit { _ = try? shell("umount \(path)") }

    static func tmpfs(kibibytes: Int) throws -> Mounted {
      try Mounted { _, mount in "mount -t tmpfs -o size=\(kibibytes)k tmpfs \(mount)" }
    }

    static func ext4(mebibytes: Int) throws -> Mounted {
      try Mounted { folder, mount in
        """
        truncate -s \(mebibytes)M \(folder)/image && mkfs.ext4 -q -m 0 \(folder)/image \
          && mount -o loop \(folder)/image \(mount)
        """
      }
    }

    /// A copy of the image as it is at the moment, mounted in turn.
    func picture(of image: String) throws -> Mounted {
      try Mounted { "cp \(image) \($0)/image && mount -o loop \($0)/image \($1)" }
    }
  }

  struct Refused: Error { var why: String }

  static let canMount = getuid() == 0 && (try? Mounted.tmpfs(kibibytes: 64)) != nil
  static let canLoop =
    canMount && isInstalled("mkfs.ext4") && (try? Mounted.ext4(mebibytes: 2)) != nil

  // MARK: Full

  private static func record(_ number: Int) -> String {
    var random = SeededGenerator(UInt64(number))
    let noise = (0..<number % 40).map { _ in String(random.next(), radix: 36) }
    return #"{"n":\#(number),"t":"\#(noise.joined())"}"#
  }

  /// Fills the disk with a log, frees some space, goes on, and looks at all of it.
  private static func fill(
    _ mount: String, _ round: Int, _ random: inout SeededGenerator
  ) throws -> (records: Int, refused: Int) {
    var options = RecordLogOptions()
    options.chunk = ByteCount([400, 4000, 60_000][round % 3])
    options.segmentSize = ByteCount([20_000, 200_000][round / 3 % 2])
    options.sync = [SyncPolicy.everyCommit, .bytes(ByteCount(30_000)), .never][round / 6 % 3]
    // What comes free holds what is reserved for a segment: two more chunks, and a table as large as
    // itself.
    let ballast = mount + "/ballast"
    let (segment, chunk) = (options.segmentSize.bytes, options.chunk.bytes)
    let space =
      2 * segment + 2 * min(chunk, segment) + Int.random(in: 20_000..<90_000, using: &random)
    guard try shell("head -c \(space) /dev/zero > \(ballast)").code == 0 else {
      throw Refused(why: "no room for the ballast")
    }
    var told = Told()
    let log = mount + "/log"
    do {
      let writer = try SegmentedLogWriter(log, options: options)
      fill(writer, &told)
      // Space comes back, and with it everything that was accepted.
      unlink(ballast)
      try writer.append(#""freed""#)
      told.accepted.append(#""freed""#)
      try writer.commit()
      told.durable = Int(writer.positions.durable)
    }
    let reading = read(log, .tailTolerant)
    guard reading.error == nil, reading.records == told.accepted else {
      throw Refused(
        why: "\(reading.records.count) of \(told.accepted.count): \(reading.error.debugDescription)"
      )
    }
    try FileManager.default.removeItem(atPath: log)
    return (told.accepted.count, told.errors.count)
  }

  /// Appends until several calls were refused for want of space.
  private static func fill(_ writer: SegmentedLogWriter, _ told: inout Told) {
    var number = 0
    while told.errors.count < 5, number < 200_000 {
      let record = record(number)
      number += 1
      do {
        try writer.append(record)
        told.accepted.append(record)
      } catch {
        told.errors.append(error)
      }
      if number % 50 == 0 { told.attempt { try writer.commit() } }
    }
    if told.errors.contains(where: { !$0.isDiskFull }) {
      Issue.record("\(told.errors.first { !$0.isDiskFull }.debugDescription)")
    }
  }

  @Test(.enabled(if: canMount, "needs root and the right to mount"))
  func `a full disk refuses records, loses none, and once there is space all goes on`() throws {
    let start = ContinuousClock.now
    var random = SeededGenerator(9)
    var sums = (rounds: 0, records: 0, refused: 0)
    for round in 0..<Volume.of(20, full: 50) {
      let mounted = try Mounted.tmpfs(kibibytes: 1024 << (round % 4))
      let (records, refused) = try Self.fill(mounted.path, round, &random)
      #expect(refused > 0)
      sums = (sums.rounds + 1, sums.records + records, sums.refused + refused)
    }
    report(
      row: 9, since: start,
      """
      \(sums.rounds) rounds on full memory disks of 1 to 8 MiB, \(grouped(sums.records)) records, \
      \(sums.refused) calls refused: 0 lost, 0 back again
      """)
  }

  @Test(.enabled(if: canLoop, "needs root, loop devices and mkfs.ext4"))
  func `a full ext4 does so, too`() throws {
    let start = ContinuousClock.now
    var random = SeededGenerator(10)
    let rounds = Volume.of(4, full: 10)
    let mounted = try Mounted.ext4(mebibytes: 4)
    var sums = (records: 0, refused: 0)
    for round in 0..<rounds {
      let (records, refused) = try Self.fill(mounted.path, round, &random)
      #expect(refused > 0)
      sums = (sums.records + records, sums.refused + refused)
    }
    report(
      row: 9, since: start,
      """
      \(rounds) rounds on a full ext4 of 4 MiB, \(grouped(sums.records)) records, \(sums.refused) \
      calls refused: 0 lost, 0 back again
      """)
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "no /dev/full"))
  func `a stream to a full device is an error of the disk, and the end of the stream`() throws {
    let descriptor = open("/dev/full", O_WRONLY)
    defer { close(descriptor) }
    let error = #expect(throws: RecordLogError.self) {
      let writer = try RecordLogWriter(streamingTo: descriptor)
      try writer.append("1")
      try writer.finish()
    }
    #expect(error?.isDiskFull == true)
  }

  // MARK: Pictures

  @Test(.enabled(if: canLoop, "needs root, loop devices and mkfs.ext4"))
  func `a picture of the disk, taken while a log is written, recovers with all acknowledged`()
    throws
  {
    let start = ContinuousClock.now
    let mounted = try Mounted.ext4(mebibytes: 16)
    let rounds = Volume.of(3, full: 10)
    var random = SeededGenerator(11)
    var found = 0
    for round in 0..<rounds {
      let log = mounted.path + "/log-\(round)"
      var ends: [Int32] = [0, 0]
      try #require(pipe(&ends) == 0)
      let child = try Forked { Self.write(to: log, telling: ends[1]) }
      close(ends[1])
      usleep(UInt32.random(in: 20_000...200_000, using: &random))
      // Copying takes a while, and a picture has to be of one moment.
      child.kill(SIGSTOP)
      var acknowledged: UInt64 = 0
      _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
      while read(ends[0], &acknowledged, 8) == 8 {}
      let picture = try mounted.picture(of: mounted.folder.file("image"))
      child.kill()
      child.wait()
      close(ends[0])
      found += try Self.check(picture.path + "/log-\(round)", acknowledged)
      try? FileManager.default.removeItem(atPath: log)
    }
    report(
      row: 10, since: start,
      """
      \(rounds) pictures of an ext4 taken while a log was written, \(grouped(found)) records \
      recovered: 0 acknowledged ones lost
      """)
  }

  private static func write(to log: String, telling descriptor: Int32) -> Int32 {
    do {
      var options = RecordLogOptions()
      options.chunk = ByteCount(2000)
      options.segmentSize = ByteCount(60_000)
      options.sync = .everyCommit
      let writer = try SegmentedLogWriter(log, options: options)
      for number in 0..<1_000_000 {
        try writer.append(record(number))
        guard number % 7 == 6 else { continue }
        try writer.commit()
        var durable = writer.positions.durable
        guard Foundation.write(descriptor, &durable, 8) == 8 else { return 1 }
      }
      return 0
    } catch {
      return 2
    }
  }

  private static func check(_ log: String, _ acknowledged: UInt64) throws -> Int {
    guard FileManager.default.fileExists(atPath: log) else {
      #expect(acknowledged == 0)
      return 0
    }
    let writer = try SegmentedLogWriter(log, options: segmented())
    #expect(writer.positions.appended >= acknowledged)
    try writer.append("\"after\"")
    try writer.finish()
    let reading = RecordLogTests.read(log)
    let count = reading.records.count - 1
    #expect(reading.error == nil)
    #expect(reading.records == (0..<count).map(record) + ["\"after\""])
    return count
  }
}
