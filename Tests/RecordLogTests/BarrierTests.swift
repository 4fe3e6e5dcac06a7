import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

struct BarrierTests {
  /// What comes out of a log, in a form that is quickly compared: records as text, barriers as numbers.
  private func items(of path: String, _ mode: ReadMode = .strict) throws -> [String] {
    let reader = try RecordLogReader(path: path, options: .init(mode: mode))
    var items: [String] = []
    while let item = try reader.nextItem() {
      switch item {
      case .record(let record):
        items.append(String(decoding: record.bytes.dropLast(), as: UTF8.self))
      case .barrier(let barrier): items.append("|\(barrier.number)@\(barrier.sequence)")
      }
    }
    return items
  }

  /// Records 1, 2, … with a barrier behind every third.
  private func write(_ count: Int, to writer: RecordLogWriter) throws {
    for number in 1...count {
      try writer.append("\(number)", cursor: UInt64(10 * number))
      if number.isMultiple(of: 3) { try writer.barrier(UInt64(number / 3)) }
    }
  }

  @Test func `barriers stand where they were put, and records come as without them`() throws {
    let folder = try QuickFolder()
    let path = folder.file("a")
    let writer = try RecordLogWriter(creating: path, options: repeatable())
    try write(7, to: writer)
    #expect(writer.lastBarrier == 2)
    try writer.finish()
    #expect(try items(of: path) == ["1", "2", "3", "|1@3", "4", "5", "6", "|2@6", "7"])
    #expect(read(path).records == (1...7).map(String.init))
    let reader = try RecordLogReader(path: path)
    let last = Barrier(number: 2, sequence: 6, cursor: 60)
    #expect(reader.findBarriers() == LogBarriers(count: 2, last: last))
    try reader.seek(toSequence: 4)
    #expect(try reader.next()?.sequence == 4)
    #expect(try reader.next()?.sequence == 5)
    #expect(try reader.nextItem() == .barrier(Barrier(number: 2, sequence: 6, cursor: 60)))
  }

  @Test func `a barrier is a MARK of 8 bytes with its flag, and all before it is durable`() throws {
    let folder = try QuickFolder()
    let path = folder.file("a")
    let writer = try RecordLogWriter(creating: path, options: repeatable())
    try writer.append("1")
    try writer.barrier(0x0102_0304, cursor: 9)
    #expect(writer.durableSequence == 1)
    try writer.append("2")
    try writer.commit()
    let reader = try RecordLogReader(path: path, options: .init(mode: .tailTolerant))
    var headers: [ChunkHeader] = []
    while let header = try reader.nextHeader() { headers.append(header) }
    let mark = try #require(headers.first { $0.kind == .mark })
    #expect(mark.isBarrier && mark.flags.rawValue & 4 == 4)
    #expect(mark.tableStored == 8 && mark.inputCursor == 9 && mark.recordCount == 0)
    let table = try bytes(of: path)[Int(mark.offset) + 128..<Int(mark.offset) + 136]
    #expect(Array(table) == [4, 3, 2, 1, 0, 0, 0, 0])
    let behind = try #require(headers.last)
    #expect(behind.durableOffset == mark.offset + mark.length)
  }

  @Test func `numbers rise, also in a file that is continued`() throws {
    let folder = try QuickFolder()
    let path = folder.file("a")
    do {
      let writer = try RecordLogWriter(creating: path, options: repeatable())
      try writer.append("1")
      try writer.barrier(5)
      #expect { try writer.barrier(5) } throws: {
        ($0 as? RecordLogError)?.problem == .barrierOutOfOrder(5, last: 5)
      }
    }
    let writer = try RecordLogWriter(appendingTo: path, options: repeatable())
    #expect(writer.lastBarrier == 5)
    #expect(throws: RecordLogError.self) { try writer.barrier(4) }
    try writer.append("2")
    try writer.barrier(6)
    try writer.finish()
    #expect(try items(of: path) == ["1", "|5@1", "2", "|6@2"])
  }

  @Test func `a barrier without its number is damage`() throws {
    let folder = try QuickFolder()
    let path = folder.file("a")
    let writer = try RecordLogWriter(creating: path, options: repeatable())
    try writer.append("1")
    try writer.commit()
    try writer.write(.mark, flags: .barrier, table: [1, 2, 3])
    try writer.append("2")
    try writer.finish()
    let reading = read(path)
    #expect(reading.records == ["1"])
    #expect(reading.error?.category == .damage)
    #expect("\(String(describing: reading.error))".contains("barrier"))
  }

  @Test func `a folder has barriers across its segments, and after a failed sync each one once`()
    throws
  {
    for failing in [nil] + (2..<40).map(Optional.some) {
      let folder = try QuickFolder()
      let files = FaultyFiles()
      files.calls = [.sync]
      if let failing { files.failing = failing..<failing + 1 }
      let log = folder.file("log")
      var options = segmented(files)
      options.segmentSize = .kibibytes(8)
      // What becomes of a log that cannot be begun is other tests' concern.
      guard let writer = try? SegmentedLogWriter(log, options: options) else { continue }
      var expected: [String] = []
      for number in 1...12 {
        try twice { try writer.append("\(number)") }
        expected.append("\(number)")
        if number.isMultiple(of: 2) {
          try twice { try writer.barrier(UInt64(number)) }
          expected.append("|\(number)@\(number)")
        }
      }
      #expect(throws: RecordLogError.self) { try writer.barrier(12) }
      try twice { try writer.finish() }
      #expect(try items(of: log) == expected, "sync \(failing ?? -1) fails")
    }
  }

  @Test func `a folder opened again knows the last barrier, in whichever segment it is`() throws {
    let folder = try QuickFolder()
    for isFinished in [true, false] {
      let log = folder.file("log-\(isFinished)")
      var options = segmented()
      options.segmentSize = .kibibytes(4)
      do {
        let writer = try SegmentedLogWriter(log, options: options)
        try writer.append("1")
        try writer.barrier(5)
        for number in 2...2000 { try writer.append("\(number)") }
        if isFinished { try writer.finish() } else { try writer.commit() }
      }
      let writer = try SegmentedLogWriter(log, options: options)
      #expect(writer.lastBarrier == 5)
      #expect(throws: RecordLogError.self) { try writer.barrier(5) }
      try writer.barrier(6)
      #expect(writer.lastBarrier == 6)
      try writer.finish()
      let reader = try RecordLogReader(path: log)
      #expect((reader.segmentCount ?? 0) > 2)
      let last = Barrier(number: 6, sequence: 2000, cursor: 0)
      #expect(reader.findBarriers() == LogBarriers(count: 2, last: last))
      let barriers = try items(of: log).filter { $0.hasPrefix("|") }
      #expect(barriers == ["|5@1", "|6@2000"])
    }
  }

  @Test func `barriers are found without an index, too`() throws {
    let folder = try QuickFolder()
    let path = folder.file("a")
    var options = repeatable()
    options.chunk = ByteCount(100)
    let writer = try RecordLogWriter(creating: path, options: options)
    try write(90, to: writer)
    try writer.finish()
    let last = Barrier(number: 30, sequence: 90, cursor: 900)
    let expected = LogBarriers(count: 30, last: last)
    let reader = try RecordLogReader(path: path)
    #expect(reader.findBarriers() == expected)
    // One bit of the index.
    var whole = try bytes(of: path)
    let seal = try #require(reader.summary)
    whole[Int(seal.indexOffset) + ChunkLayout.headerBytes] ^= 1
    try put(whole, at: path)
    #expect(try RecordLogReader(path: path).findBarriers() == expected)
    // Told as they go by, where nothing is sealed.
    try put(whole[..<Int(seal.indexOffset)], at: path)
    #expect(try RecordLogReader(path: path).findBarriers() == nil)
  }

  /// Tries again what failed for a fault that does not last.
  private func twice(_ body: () throws -> Void) throws {
    do { try body() } catch { try body() }
  }

  @Test func `copies and repairs keep barriers`() throws {
    let folder = try QuickFolder()
    let path = folder.file("a")
    let writer = try RecordLogWriter(creating: path, options: repeatable())
    try write(9, to: writer)
    try writer.finish()
    let expected = try items(of: path)
    for chunk in [nil, ByteCount(4)] {
      var rewriting = LogRewriting()
      rewriting.chunk = chunk
      let copy = folder.file("copy\(chunk?.bytes ?? 0)")
      _ = try rewriting.run(from: path, to: copy)
      #expect(try items(of: copy) == expected)
    }
    _ = try LogRepair().run(from: path, to: folder.file("repaired"))
    #expect(try items(of: folder.file("repaired")) == expected)
  }

  @Test func `a power cut loses no barrier that was acknowledged`() throws {
    // Every prefix of the file at a chunk's end, as a crash may leave it.
    let folder = try QuickFolder()
    let path = folder.file("a")
    let writer = try RecordLogWriter(creating: path, options: repeatable())
    try write(9, to: writer)
    let whole = try bytes(of: path)
    let all = try items(of: path, .tailTolerant)
    for length in stride(from: 128 * 3, through: whole.count, by: 128) {
      try put(whole[..<length], at: folder.file("cut"))
      let again = try RecordLogWriter(appendingTo: folder.file("cut"), options: repeatable())
      let barrier = again.lastBarrier
      try again.finish()
      let found = try items(of: folder.file("cut"))
      #expect(found == Array(all.prefix(found.count)))
      #expect(
        found.last { $0.hasPrefix("|") }.map { $0 == "|\(barrier)@\(3 * barrier)" }
          ?? (barrier == 0))
    }
  }
}
