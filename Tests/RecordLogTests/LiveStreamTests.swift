import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

/// Streams whose writer has nothing to say for a while.
@Suite(.serialized)
struct LiveStreamTests {
  /// A pipe and the writer into it.
  private final class Live {
    let from: Int32
    let to: Int32
    private var isOpen = true

    init() throws {
      var ends: [Int32] = [0, 0]
      try #require(pipe(&ends) == 0)
      (from, to) = (ends[0], ends[1])
    }

    deinit {
      end()
      close(from)
    }

    /// Closes the end that is written to.
    func end() {
      if isOpen { close(to) }
      isOpen = false
    }

    /// Whether something comes out of the pipe within so many milliseconds.
    func hasBytes(within milliseconds: Int32) -> Bool {
      var wanted = pollfd(fd: from, events: Int16(POLLIN), revents: 0)
      return poll(&wanted, 1, milliseconds) == 1 && wanted.revents & Int16(POLLIN) != 0
    }
  }

  private func options(
    linger: Duration = .milliseconds(30), heartbeat: Duration = .milliseconds(40)
  ) -> RecordLogOptions {
    var options = repeatable()
    options.linger = linger
    options.heartbeat = heartbeat
    return options
  }

  @Test func `a record goes out without a further one`() throws {
    let live = try Live()
    var writer: RecordLogWriter? = try RecordLogWriter(
      streamingTo: live.to, options: options(heartbeat: .seconds(60)))
    let reader = try RecordLogReader(descriptor: live.from)
    for number in 0..<3 {
      let start = ContinuousClock.now
      try writer?.append("\(number)")
      // Blocks until it is there.
      #expect(try reader.next()?.bytes == [UInt8]("\(number)\n".utf8))
      #expect(ContinuousClock.now - start > .milliseconds(15))
    }
    try writer?.finish()
    // It holds the pipe open, too.
    writer = nil
    live.end()
    #expect(try reader.next() == nil && reader.ending == .sealed)
  }

  @Test func `records that come quickly share a chunk`() throws {
    let live = try Live()
    let writer = try RecordLogWriter(
      streamingTo: live.to, options: options(linger: .milliseconds(300)))
    for number in 0..<50 { try writer.append("\(number)") }
    let reader = try RecordLogReader(descriptor: live.from)
    #expect(try reader.nextChunk()?.count == 50)
    try writer.finish()
  }

  @Test func `silence is filled with words that carry the next number and the last barrier`() throws
  {
    let live = try Live()
    var writer: RecordLogWriter? = try RecordLogWriter(streamingTo: live.to, options: options())
    try writer?.append("1", cursor: 5)
    try writer?.barrier(3)
    let reader = try RecordLogReader(descriptor: live.from)
    var marks: [ChunkHeader] = []
    while marks.count < 4, let header = try reader.nextHeader(verifying: .decoded) {
      if header.kind == .mark { marks.append(header) }
    }
    #expect(marks.count == 4)
    #expect(marks.map(\.isBarrier) == [true, false, false, false])
    #expect(marks.allSatisfy { $0.firstSequence == 1 && $0.inputCursor == 5 })
    #expect(marks.allSatisfy { $0.tableRaw == 8 })
    #expect(reader.lastBarrier == Barrier(number: 3, sequence: 1, cursor: 5))
    try writer?.append("2")
    try writer?.finish()
    writer = nil
    live.end()
    // Who reads records does not notice.
    #expect(try reader.next()?.sequence == 1)
    #expect(try reader.next() == nil && reader.ending == .sealed)
  }

  @Test func `a reader with patience tells a silent writer from one that hangs`() throws {
    let live = try Live()
    let writer = try RecordLogWriter(streamingTo: live.to, options: options())
    var patient = ReadOptions()
    patient.patience = .seconds(2)
    let reader = try RecordLogReader(descriptor: live.from, options: patient)
    // Several times longer than the reader's patience.
    let until = ContinuousClock.now + .seconds(5)
    while ContinuousClock.now < until { _ = try reader.nextHeader() }
    try writer.append("1")
    #expect(try reader.next()?.sequence == 0)

    let stuck = try Live()
    let mute = try RecordLogWriter(streamingTo: stuck.to, options: options(heartbeat: .seconds(60)))
    try mute.append("1")
    try mute.flush()
    var impatient = ReadOptions(mode: .tailTolerant)
    impatient.patience = .milliseconds(50)
    let waiting = try RecordLogReader(descriptor: stuck.from, options: impatient)
    #expect(try waiting.next()?.sequence == 0)
    #expect { try waiting.next() } throws: {
      ($0 as? RecordLogError)?.problem == .silent(milliseconds: 50)
        && ($0 as? RecordLogError)?.category == .unfinished
    }
    #expect(waiting.ending == nil)
  }

  @Test func `a writer that goes away takes its thread along, and the stream has no end`() throws {
    let live = try Live()
    do {
      let writer = try RecordLogWriter(streamingTo: live.to, options: options())
      try writer.append("1")
      try writer.flush()
    }
    _ = live.hasBytes(within: 0)
    var waiting = [UInt8](repeating: 0, count: 1 << 16)
    #expect(Foundation.read(live.from, &waiting, waiting.count) > 0)
    // Nothing more comes, though more than one heartbeat was due.
    #expect(!live.hasBytes(within: 200))
  }

  @Test func `nothing follows the end`() throws {
    for isAborted in [false, true] {
      let live = try Live()
      let writer = try RecordLogWriter(streamingTo: live.to, options: options())
      if isAborted { try writer.abort("why") } else { try writer.finish() }
      var waiting = [UInt8](repeating: 0, count: 1 << 16)
      #expect(Foundation.read(live.from, &waiting, waiting.count) > 0)
      #expect(!live.hasBytes(within: 150))
      #expect { try writer.append("2") } throws: {
        ($0 as? RecordLogError)?.problem == .alreadyEnded
      }
    }
  }

  @Test func `a consumer that went away during silence is told by the next call`() throws {
    signal(SIGPIPE, SIG_IGN)
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    let writer = try RecordLogWriter(streamingTo: ends[1], options: options())
    close(ends[0])
    usleep(200_000)
    #expect { try writer.append("1") } throws: { ($0 as? RecordLogError)?.problem == .consumerGone }
    #expect { try writer.append("2") } throws: { ($0 as? RecordLogError)?.problem == .retired }
    close(ends[1])
  }

  @Test func `a reader that does not keep up is not sent words`() throws {
    let live = try Live()
    let setPipeSize: Int32 = 1031
    try #require(fcntl(live.to, setPipeSize, 4096) == 4096)
    let writer = try RecordLogWriter(
      streamingTo: live.to, options: options(heartbeat: .milliseconds(2)))
    usleep(300_000)
    // The thread is not stuck in a full pipe, so that ends can be had at once.
    var waiting: Int32 = 0
    #expect(ioctl(live.from, UInt(FIONREAD), &waiting) == 0 && waiting <= 4096)
    let from = dup(live.from)
    Thread.detachNewThread {
      var bytes = [UInt8](repeating: 0, count: 4096)
      while Foundation.read(from, &bytes, bytes.count) > 0 {}
      close(from)
    }
    try writer.finish()
    live.end()
  }

  @Test func `what goes into a file does not depend on time, piped or not`() throws {
    let folder = try QuickFolder()
    var options = options(linger: .zero, heartbeat: .milliseconds(1))
    options.descriptionInterval = ByteCount(1)
    options.chunk = ByteCount(500)
    func write(to path: String, pause: UInt32) throws {
      let file = try OpenFile(path: folder.file(path), flags: O_WRONLY | O_CREAT)
      let writer = try RecordLogWriter(streamingTo: file.descriptor, options: options)
      for record in lines(60) {
        try writer.append(record)
        usleep(pause)
      }
      try writer.finish()
    }
    try write(to: "quick", pause: 0)
    try write(to: "slow", pause: 3000)
    #expect(try bytes(of: folder.file("quick")) == bytes(of: folder.file("slow")))
    // Nor does a log with a name of its own.
    let writer = try RecordLogWriter(creating: folder.file("log"), options: options)
    for record in lines(60) {
      try writer.append(record)
      usleep(3000)
    }
    try writer.finish()
    var quick = options
    quick.linger = .seconds(60)
    let other = try RecordLogWriter(creating: folder.file("other"), options: quick)
    for record in lines(60) { try other.append(record) }
    try other.finish()
    #expect(try bytes(of: folder.file("log")) == bytes(of: folder.file("other")))
  }

  @Test(arguments: [0, 2])
  func `who joins late knows the types from the next description on`(packers: Int) throws {
    let live = try Live()
    widenPipe(live.to)
    var options = options(linger: .seconds(60), heartbeat: .seconds(60))
    options.descriptionInterval = .kibibytes(4)
    options.chunk = ByteCount(900)
    options.packers = packers
    options.types = [RecordType(id: 7, name: "seven")]
    let writer = try RecordLogWriter(streamingTo: live.to, options: options)
    for record in lines(3000) { try writer.append(record) }
    try writer.finish()
    var all = [UInt8](repeating: 0, count: 1 << 20)
    all.removeLast(all.count - Foundation.read(live.from, &all, all.count))
    // From somewhere in the first chunk of records on.
    let reading = try late(Array(all[700...]))
    #expect(reading.unknown > 0 && reading.unknown < 300)
    #expect(reading.known > 2500)
  }

  /// Reads from the middle of a stream: how many records came before and after their type was known.
  private func late(_ bytes: [UInt8]) throws -> (unknown: Int, known: Int) {
    let live = try Live()
    widenPipe(live.to)
    #expect(Foundation.write(live.to, bytes, bytes.count) == bytes.count)
    live.end()
    let reader = try RecordLogReader(descriptor: live.from, options: .init(mode: .salvage()))
    var (unknown, known) = (0, 0)
    while let record = try reader.next() {
      #expect(record.type == 7 && record.bytes.last == 10)
      #expect(record.typeName == (known > 0 || record.typeName != nil ? "seven" : nil))
      if record.typeName == nil { unknown += 1 } else { known += 1 }
    }
    #expect(reader.ending == .sealed)
    return (unknown, known)
  }

  @Test func `a follower knows whether somebody writes the log`() throws {
    // Not in memory: files there have small numbers, which others may have, too.
    let folder = try TemporaryFolder()
    let (file, many) = (folder.file("log"), folder.file("folder"))
    var writer: RecordLogWriter? = try RecordLogWriter(creating: file, options: repeatable())
    var segments: SegmentedLogWriter? = try SegmentedLogWriter(many, options: segmented())
    let followers = try [LogFollower(path: file), LogFollower(path: many)]
    guard followers[0].hasWriter != nil else { return }
    #expect(followers.map(\.hasWriter) == [true, true])
    try writer?.flush()
    try segments?.flush()
    writer = nil
    #expect(followers.map(\.hasWriter) == [false, true])
    segments = nil
    #expect(followers.map(\.hasWriter) == [false, false])
  }

  @Test func `types come again after so many bytes, and not before`() throws {
    let live = try Live()
    widenPipe(live.to)
    var options = options(linger: .seconds(60), heartbeat: .seconds(60))
    options.descriptionInterval = .kibibytes(8)
    options.chunk = ByteCount(900)
    var writer: RecordLogWriter? = try RecordLogWriter(streamingTo: live.to, options: options)
    for record in lines(3000) { try writer?.append(record) }
    try writer?.finish()
    writer = nil
    live.end()
    let reader = try RecordLogReader(descriptor: live.from)
    var places: [UInt64] = []
    while let header = try reader.nextHeader(verifying: .decoded) {
      if header.kind == .meta { places.append(header.offset) }
    }
    #expect(places.count > 3)
    for (place, next) in zip(places, places.dropFirst()) {
      #expect((8192..<8192 + 2048).contains(next - place))
    }
  }
}
