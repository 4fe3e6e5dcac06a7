import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

/// Chunks that go from log to log as they are stored.
struct PassThroughTests {
  let folder: TemporaryFolder
  var source: String { folder.file("a.rlg") }

  init() throws {
    folder = try TemporaryFolder()
    try write(lines(400), to: folder.file("a.rlg"), options: repeatable(chunk: 2000))
  }

  private func headers(_ path: String) throws -> [ChunkHeader] {
    let reader = try RecordLogReader(path: path)
    var headers: [ChunkHeader] = []
    while let header = try reader.nextHeader() {
      if header.kind == .data { headers.append(header) }
    }
    return headers
  }

  /// Table, pad and values of each chunk, as they stand in the file.
  private func bodies(_ path: String) throws -> [[UInt8]] {
    let all = try bytes(of: path)
    return try headers(path).map { header in
      Array(all[Int(header.offset) + 128..<Int(header.offset + header.length)])
    }
  }

  private func pass(_ path: String, to output: String, firstSequence: UInt64 = 0) throws {
    var options = repeatable(chunk: 256 << 10)
    options.firstSequence = firstSequence
    options.fileID = .random()
    let copier = RecordCopier(to: try RecordLogWriter(creating: output, options: options))
    let reader = try RecordLogReader(path: path, options: .init(mode: .tailTolerant))
    while let chunk = try reader.nextStoredChunk() {
      try copier.append(chunk, of: reader.description, from: path)
    }
    try copier.writer.finish()
  }

  @Test func `frames, tables and checksums of the values stay byte for byte`() throws {
    let output = folder.file("b.rlg")
    try pass(source, to: output, firstSequence: 1000)
    #expect(try headers(source).count > 5)
    #expect(try bodies(output) == bodies(source))
    let (before, after) = (try headers(source), try headers(output))
    #expect(after.map(\.rawChecksum) == before.map(\.rawChecksum))
    #expect(after.map(\.valuesChecksum) == before.map(\.valuesChecksum))
    #expect(after.map(\.tableChecksum) == before.map(\.tableChecksum))
    #expect(after.map(\.time) == before.map(\.time))
    #expect(after.first?.firstSequence == 1000)
    let reading = read(output)
    #expect(reading.records == lines(400))
    #expect(reading.ending == .sealed)
    #expect(reading.sequences == Array(1000..<1400))
  }

  @Test func `a stream is passed on like a file`() throws {
    let output = folder.file("b.rlg")
    let file = try OpenFile(path: source)
    let pipe = Pipe()
    let all = try file.read(upTo: 1 << 20)
    let writing = Thread {
      try? pipe.fileHandleForWriting.write(contentsOf: Data(all))
      try? pipe.fileHandleForWriting.close()
    }
    writing.start()
    let reader = try RecordLogReader(descriptor: pipe.fileHandleForReading.fileDescriptor)
    let copier = RecordCopier(to: try RecordLogWriter(creating: output))
    while let chunk = try reader.nextStoredChunk() {
      try copier.append(chunk, of: reader.description, from: "pipe")
    }
    try copier.writer.finish()
    #expect(try bodies(output) == bodies(source))
    #expect(read(output).records == lines(400))
  }

  @Test func `a damaged chunk is never passed on`() throws {
    let header = try headers(source)[2]
    let whole = try bytes(of: source)
    for place in stride(from: header.offset + 128, to: header.offset + header.length, by: 37) {
      var damaged = whole
      damaged[Int(place)] ^= 4
      let path = folder.file("damaged.rlg")
      try put(damaged, at: path)
      let output = folder.file("out-\(place).rlg")
      #expect(throws: RecordLogError.self) { try pass(path, to: output) }
      #expect(
        read(output, .tailTolerant).records == Array(lines(400)[..<Int(header.firstSequence)]))
    }
  }

  @Test func `bytes that changed in memory are not passed on either`() throws {
    let reader = try RecordLogReader(path: source)
    let chunk = try #require(try reader.nextStoredChunk())
    var body = chunk.body
    body[body.count - 9] ^= 1
    let changed = StoredChunk(header: chunk.header, body: body, table: chunk.table)
    let writer = try RecordLogWriter(creating: folder.file("b.rlg"))
    #expect(throws: RecordLogError.self) { _ = try writer.append(changed) }
    #expect(writer.nextSequence == 0)
    #expect(try writer.append(chunk))
    #expect(writer.nextSequence == UInt64(chunk.count))
  }

  @Test func `mixed chunks go record by record where the types have other numbers`() throws {
    let mixed = folder.file("mixed.rlg")
    let writer = try RecordLogWriter(creating: mixed, options: repeatable(chunk: 1000))
    let other = writer.declare("other", encoding: .bytes)
    for number in 0..<100 {
      try writer.append(#"{"id":\#(number)}"#, type: number % 3 == 0 ? other : 1)
    }
    try writer.finish()
    let same = folder.file("same.rlg")
    try pass(mixed, to: same)
    #expect(try bodies(same) == bodies(mixed))
    var options = repeatable()
    options.types = [RecordType(id: 1, name: "first"), RecordType(id: 2, name: "json")]
    let output = folder.file("b.rlg")
    let copier = RecordCopier(to: try RecordLogWriter(creating: output, options: options))
    let reader = try RecordLogReader(path: mixed)
    while let chunk = try reader.nextStoredChunk() {
      try copier.append(chunk, of: reader.description, from: mixed)
    }
    try copier.writer.finish()
    let result = try RecordLogReader(path: output)
    var names: [String?] = []
    while let record = try result.next() { names.append(record.typeName) }
    #expect(names == (0..<100).map { $0 % 3 == 0 ? "other" : "json" })
  }

  @Test func `a chunk larger than the output promises goes record by record`() throws {
    let large = folder.file("large.rlg")
    var options = repeatable(chunk: 4 << 20)
    try write(lines(3000), to: large, options: options)
    options = repeatable(chunk: 1000)
    options.largestRecord = ByteCount(2000)
    let output = folder.file("b.rlg")
    let copier = RecordCopier(to: try RecordLogWriter(creating: output, options: options))
    let reader = try RecordLogReader(path: large)
    while let chunk = try reader.nextStoredChunk() {
      try copier.append(chunk, of: reader.description, from: large, cursor: 7)
    }
    try copier.writer.finish()
    #expect(read(output).records == lines(3000))
    #expect(copier.writer.lastCursor == 7)
  }

  @Test func `a repaired log holds the chunks that were whole as they were stored`() throws {
    let third = try headers(source)[2]
    var damaged = try bytes(of: source)
    damaged[Int(third.offset + third.length) - 20] ^= 1
    let path = folder.file("damaged.rlg")
    try put(damaged, at: path)
    let output = folder.file("b.rlg")
    let report = try LogRepair().run(from: path, to: output)
    var whole = try bodies(source)
    whole.remove(at: 2)
    #expect(try bodies(output) == whole)
    #expect(report.lost == [third.firstSequence..<third.nextSequence])
  }
}
