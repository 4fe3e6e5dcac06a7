import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

struct RecoveryTests {
  @Test func `a writer continues where the last one stopped`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.rlg")
    try write(Array(lines(30)[..<12]), to: path, finishing: false)
    let writer = try RecordLogWriter(appendingTo: path, options: repeatable())
    let recovered = try #require(writer.recovered)
    #expect(recovered.records == 12)
    #expect(recovered.nextSequence == 12)
    #expect(recovered.lastCursor == 12)
    #expect(recovered.debris == nil)
    for record in lines(30)[12...] { try writer.append(record) }
    try writer.finish()
    let reading = read(path)
    #expect(reading.records == lines(30))
    #expect(reading.ending == .sealed)
  }

  @Test func `the first chunk of every session says so`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.rlg")
    try write(["1", "2"], to: path, committingEvery: 1, finishing: false)
    let writer = try RecordLogWriter(appendingTo: path)
    try writer.append("3")
    try writer.finish()
    let reader = try RecordLogReader(path: path)
    var sessions: [UInt32] = []
    while let header = try reader.nextHeader() {
      if header.flags.contains(.sessionStart) { sessions.append(header.chunkIndex) }
    }
    #expect(sessions == [0, 3])
  }

  @Test func `no chunk's cursor runs ahead of the records behind it`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.rlg")
    try write(lines(5), to: path, finishing: false)
    let writer = try RecordLogWriter(appendingTo: path)
    try writer.append("1", cursor: 50)
    try writer.append("2", type: writer.declare("late"), cursor: 60)
    try writer.finish()
    let reader = try RecordLogReader(path: path)
    var cursors: [String] = []
    while let header = try reader.nextHeader() {
      cursors.append("\(try #require(header.kind)) \(header.inputCursor)")
    }
    #expect(
      cursors == ["meta 0", "data 5", "meta 5", "data 60", "index 60", "seal 60"])
  }

  /// Every length that a crash can leave behind the last acknowledged byte.
  @Test func `after a crash at any length nothing acknowledged is lost and appending goes on`()
    throws
  {
    let folder = try TemporaryFolder()
    let path = folder.file("whole")
    try write(lines(20), to: path, options: repeatable(chunk: 200), finishing: false)
    let acknowledged = try bytes(of: path).count
    let writer = try RecordLogWriter(appendingTo: path, options: repeatable(chunk: 200))
    for record in lines(40)[20...] { try writer.append(record) }
    try writer.flush()
    let all = try bytes(of: path)
    for length in stride(from: acknowledged, through: all.count, by: 5) {
      let crashed = folder.file("crashed-\(length)")
      try put(all[..<length], at: crashed)
      let before = read(crashed, .tailTolerant)
      #expect(before.records.count >= 20)
      let again = try RecordLogWriter(appendingTo: crashed, options: repeatable(chunk: 200))
      let found = try #require(again.recovered)
      #expect(found.records == UInt64(before.records.count))
      try again.append("\"after\"")
      try again.finish()
      #expect(read(crashed).records == before.records + ["\"after\""])
      #expect((found.debris == nil) == (found.debrisBytes == 0))
      if let debris = found.debris {
        #expect(try bytes(of: debris) == Array(all[..<length].suffix(Int(found.debrisBytes))))
      }
    }
  }

  @Test func `recovering twice is recovering once`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a")
    try write(lines(20), to: path, options: repeatable(chunk: 200, sync: .never), finishing: false)
    try put(try bytes(of: path).dropLast(5), at: path)
    let first = try Recovery(path: path)
    let again = try Recovery(path: path)
    #expect(first.found == again.found)
    #expect(first.debris == again.debris)
  }

  @Test func `a later chunk that nobody was promised is debris, kept aside`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a")
    try write(lines(20), to: path, options: repeatable(chunk: 200, sync: .never), finishing: false)
    var damaged = try bytes(of: path)
    let reader = try RecordLogReader(path: path, options: .init(mode: .tailTolerant))
    var headers: [ChunkHeader] = []
    while let header = try reader.nextHeader() { headers.append(header) }
    let hole = headers[2]
    for place in 0..<128 { damaged[Int(hole.offset) + place] = 0 }
    try put(damaged, at: path)
    let writer = try RecordLogWriter(appendingTo: path, options: repeatable(sync: .never))
    #expect(writer.nextSequence == hole.firstSequence)
    #expect(writer.recovered?.debris == path + ".debris-1")
    #expect(writer.recovered?.tear?.problem == .zeroes)
  }

  /// What was written of a chunk before its header, and its record is a copy of this very log, which
  /// somebody went on with and sealed. Its chunks stand at multiples of 128 bytes by chance.
  @Test func `copies of the log's own chunks in a torn record promise nothing and seal nothing`()
    throws
  {
    let folder = try TemporaryFolder()
    let path = folder.file("a")
    try write(lines(20), to: path, options: repeatable(sync: .everyCommit), finishing: false)
    let whole = try bytes(of: path)
    let twin = folder.file("twin")
    try put(whole, at: twin)
    let other = try RecordLogWriter(appendingTo: twin, options: repeatable(sync: .everyCommit))
    for record in lines(60)[20...] {
      try other.append(record)
      try other.commit()
    }
    try other.finish()
    let copy = try bytes(of: twin)
    // The file may end behind the copy, or further on in the record.
    for rest in [0, 128] {
      try put(whole + repeatElement(0, count: 128) + copy + repeatElement(7, count: rest), at: path)
      let reading = read(path, .tailTolerant)
      #expect(reading.records == lines(20) && reading.error == nil)
      guard case .torn = reading.ending else {
        Issue.record("\(rest) bytes behind it: \(String(describing: reading.ending))")
        continue
      }
      let follower = try LogFollower(path: path)
      #expect(try follower.nextPresent()?.count == 20)
      #expect(try follower.nextPresent() == nil && follower.ending == nil)
      let writer = try RecordLogWriter(appendingTo: path, options: repeatable(sync: .everyCommit))
      #expect(writer.recovered?.debrisBytes == UInt64(128 + copy.count + rest))
      #expect(writer.nextSequence == 20)
    }
  }

  @Test func `a file that is no log is left alone`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("text")
    let text = [UInt8](String(repeating: "These are my notes. ", count: 30).utf8)
    try put(text, at: path)
    #expect(throws: RecordLogError.self) { try RecordLogWriter(appendingTo: path) }
    #expect(try bytes(of: path) == text)
  }

  @Test func `a crash at any moment of creation does not keep a log from being made`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a")
    try write([], to: path, finishing: false)
    let fresh = try bytes(of: path)
    for length in [0, 5, 40, 127, 128, 129, 300, fresh.count] {
      try put(fresh[..<length], at: path)
      let writer = try RecordLogWriter.continuing(path, options: repeatable())
      try writer.append("1")
      try writer.finish()
      #expect(read(path).records == ["1"], "length \(length)")
    }
    try put([UInt8](repeating: 0, count: 512), at: path)
    _ = try RecordLogWriter.continuing(path)
    for content in ["mine", String(repeating: "mine ", count: 100)] {
      try put(content.utf8, at: path)
      #expect(throws: RecordLogError.self) { try RecordLogWriter.continuing(path) }
      #expect(try bytes(of: path) == Array(content.utf8))
    }
    // However small a log is, it stays.
    let small = folder.file("small")
    try write(lines(3), to: small, finishing: false)
    let writer = try RecordLogWriter.continuing(small, options: repeatable())
    try writer.append("1")
    try writer.finish()
    #expect(read(small).records == lines(3) + ["1"])
  }

  @Test func `a sealed log cannot be appended to`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a")
    try write(lines(3), to: path)
    let before = try bytes(of: path)
    #expect(throws: RecordLogError.self) { try RecordLogWriter(appendingTo: path) }
    #expect(try bytes(of: path) == before)
  }

  @Test func `types are kept over sessions, and new ones are added`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a")
    var options = repeatable()
    options.types = [RecordType(id: 1, name: "seed"), RecordType(id: 2, name: "pair")]
    options.user = ["model": "tiny", "round": 3]
    try write(["1"], to: path, options: options, finishing: false)
    options.types = [RecordType(id: 1, name: "pair"), RecordType(id: 2, name: "verdict")]
    let writer = try RecordLogWriter(appendingTo: path, options: options)
    #expect(writer.description.types.map(\.name) == ["seed", "pair", "verdict"])
    #expect(writer.description.types.map(\.id) == [1, 2, 3])
    #expect(writer.description.user?["round"] == 3)
    try writer.append("2", type: writer.declare("verdict"))
    try writer.finish()
    let reader = try RecordLogReader(path: path)
    #expect(try reader.next()?.typeName == "seed")
    #expect(try reader.next()?.typeName == "verdict")
  }
}
