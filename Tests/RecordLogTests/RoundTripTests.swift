import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

struct RoundTripTests {
  @Test(arguments: [0, 1, 2, 500])
  func `a sealed file gives back what was appended`(count: Int) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.rlg")
    try write(lines(count), to: path, options: repeatable(chunk: 1000))
    for mapping in [true, false] {
      let reading = read(path, mapping: mapping)
      #expect(reading.records == lines(count))
      #expect(reading.sequences == (0..<UInt64(count)).map { $0 })
      #expect(reading.ending == .sealed)
      #expect(reading.events.isEmpty)
    }
  }

  @Test(arguments: BlockSize.allCases)
  func `every block size gives back large records`(size: BlockSize) throws {
    let folder = try TemporaryFolder()
    var options = repeatable()
    options.blockSize = size
    options.chunk = .mebibytes(8)
    let noise = (0..<300_000).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }
    let records = [noise.joined(), String(repeating: "a", count: 700_000), "x"]
    try write(records, to: folder.file("a.rlg"), options: options)
    #expect(read(folder.file("a.rlg")).records == records)
  }

  @Test func `an unsealed file ends where it was committed`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.rlg")
    try write(lines(50), to: path, committingEvery: 7, finishing: false)
    #expect(read(path, .tailTolerant).records == lines(50))
    #expect(read(path, .tailTolerant).ending == .unsealed)
    let strict = read(path)
    #expect(strict.records == lines(50))
    #expect(strict.error?.problem == .unterminated)
  }

  @Test func `records of several types keep their types, and bytes are not lines`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.rlg")
    let writer = try RecordLogWriter(creating: path, options: repeatable())
    let blob = writer.declare("blob", encoding: .bytes)
    try writer.append("1")
    try writer.append([10, 0, 10], type: blob)
    try writer.append([UInt8](), type: 0)
    try writer.finish()
    let reader = try RecordLogReader(path: path)
    #expect(try reader.next()?.typeName == "json")
    let second = try reader.next()
    #expect(second?.typeName == "blob")
    #expect(second?.bytes == [10, 0, 10])
    let third = try reader.next()
    #expect(third?.type == 0)
    #expect(third?.bytes == [])
    #expect(try reader.next() == nil)
  }

  @Test func `a JSON record is one line`() throws {
    let folder = try TemporaryFolder()
    let writer = try RecordLogWriter(creating: folder.file("a.rlg"))
    for record in ["a\nb", "\n", "a\n\n"] {
      #expect(throws: RecordLogError.self) { try writer.append(record) }
    }
    try writer.append("1\n")
    try writer.append("2")
    try writer.finish()
    #expect(read(folder.file("a.rlg")).records == ["1", "2"])
  }

  @Test func `too large a record is refused and leaves no trace`() throws {
    let folder = try TemporaryFolder()
    var options = repeatable()
    options.largestRecord = ByteCount(10)
    let writer = try RecordLogWriter(creating: folder.file("a.rlg"), options: options)
    try writer.append("123456789")
    #expect(throws: RecordLogError.self) { try writer.append("1234567890") }
    #expect(writer.nextSequence == 1)
    try writer.finish()
    #expect(read(folder.file("a.rlg")).records == ["123456789"])
  }

  @Test func `the cursor stands where the last record of a chunk stood`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.rlg")
    let writer = try RecordLogWriter(creating: path, options: repeatable())
    try writer.append("1", cursor: 10)
    try writer.append("2", cursor: 20)
    try writer.commit()
    try writer.mark(cursor: 35)
    try writer.append("3", cursor: 40)
    try writer.finish()
    let reader = try RecordLogReader(path: path)
    var cursors: [UInt64] = []
    while let record = try reader.next() { cursors.append(record.cursor) }
    #expect(cursors == [20, 20, 40])
  }

  @Test func `only one writer at a time`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.rlg")
    let writer = try RecordLogWriter(creating: path)
    #expect(throws: RecordLogError.self) { try RecordLogWriter(creating: path) }
    #expect(throws: RecordLogError.self) { try RecordLogWriter(appendingTo: path) }
    try writer.finish()
    #expect(throws: RecordLogError.self) { try writer.append("late") }
  }

  @Test func `what is durable is told apart from what is appended`() throws {
    let folder = try TemporaryFolder()
    let writer = try RecordLogWriter(creating: folder.file("a.rlg"))
    try writer.append("1")
    #expect(writer.nextSequence == 1)
    #expect(writer.durableSequence == 0)
    try writer.commit()
    #expect(writer.durableSequence == 1)
  }

  @Test func `seeking finds every record, sealed or not, backwards and forwards`() throws {
    let folder = try TemporaryFolder()
    let records = lines(200)
    for (name, finishing) in [("sealed", true), ("open", false)] {
      let path = folder.file(name)
      try write(records, to: path, options: repeatable(chunk: 300), finishing: finishing)
      let reader = try RecordLogReader(path: path, options: .init(mode: .tailTolerant))
      for number in (0..<200).map({ $0 * 73 % 200 }) {
        try reader.seek(toSequence: UInt64(number))
        let record = try #require(try reader.next())
        #expect(record.sequence == UInt64(number))
        #expect(String(decoding: record.bytes.dropLast(), as: UTF8.self) == records[number])
      }
      try reader.seek(toSequence: 200)
      #expect(try reader.next() == nil)
      #expect(throws: RecordLogError.self) { try reader.seek(toSequence: 201) }
      try reader.seek(toSequence: 199)
      #expect(try reader.next()?.typeName == "json")
      #expect(reader.events.isEmpty)
    }
  }

  @Test func `segments may follow one another`() throws {
    let folder = try TemporaryFolder()
    try write(lines(3), to: folder.file("a"))
    var options = repeatable()
    options.fileID = .random()
    options.firstSequence = 3
    try write(["next"], to: folder.file("b"), options: options)
    let both = try bytes(of: folder.file("a")) + bytes(of: folder.file("b"))
    try put(both, at: folder.file("both"))
    #expect(read(folder.file("both")).records == lines(3) + ["next"])
    #expect(read(folder.file("both")).sequences == [0, 1, 2, 3])
    try put(both + [1], at: folder.file("garbage"))
    #expect(read(folder.file("garbage")).error?.problem == .trailingGarbage)
    let twice = try bytes(of: folder.file("a")) + bytes(of: folder.file("a"))
    try put(twice, at: folder.file("twice"))
    #expect(read(folder.file("twice")).error?.problem == .foreignSegment)
  }

  @Test func `a cut under a mapped reader is an error, not the end of the process`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.rlg")
    try write(lines(2000), to: path, options: repeatable(chunk: 4000))
    let reader = try RecordLogReader(path: path)
    _ = try reader.next()
    #expect(truncate(path, 4096) == 0)
    #expect(throws: RecordLogError.self) { while try reader.next() != nil {} }
  }
}
