import TestSupport
import Testing

@testable import RecordLog

struct RandomReadTests {
  /// Many blocks in few chunks: short records, some longer than a block, some that do not shrink.
  static let records: [String] = (0..<400).map { number in
    let noise = (0..<number % 40 * (number % 17 == 0 ? 800 : 3)).map {
      String((UInt64(number) << 20 | UInt64($0)) &* 0x9E37_79B9_7F4A_7C15, radix: 36)
    }
    return #"{"id":\#(number),"text":"\#(noise.joined())"}"#
  }

  private func log(in folder: TemporaryFolder) throws -> String {
    let path = folder.file("a.rlg")
    try write(Self.records, to: path, options: repeatable(chunk: 300 << 10))
    return path
  }

  private func text(_ record: Record?) -> String? {
    record.map { String(decoding: $0.bytes.dropLast(), as: UTF8.self) }
  }

  @Test(arguments: [true, false])
  func `a seek delivers the record that reading on does, and then those behind it`(
    mapping: Bool
  ) throws {
    let folder = try TemporaryFolder()
    var options = ReadOptions()
    options.mapsSealedFiles = mapping
    let reader = try RecordLogReader(path: try log(in: folder), options: options)
    let whole = try RecordLogReader(path: reader.path, options: options)
    var inOrder: [Record] = []
    while let record = try whole.next() { inOrder.append(record) }
    #expect(inOrder.map { text($0) } == Self.records)
    for step in 0..<400 {
      let number = step * 149 % 400
      try reader.seek(toSequence: UInt64(number))
      for next in number..<min(number + step % 4, 400) {
        #expect(try reader.next() == inOrder[next])
      }
    }
  }

  @Test func `a record can be sought again, and its chunk left for the next one`() throws {
    let folder = try TemporaryFolder()
    let reader = try RecordLogReader(path: try log(in: folder))
    for target: UInt64 in [7, 7, 8, 7, 399] {
      try reader.seek(toSequence: target)
      #expect(try reader.next()?.sequence == target)
    }
    try reader.seek(toSequence: 3)
    _ = try reader.next()
    let chunk = try #require(try reader.nextChunk())
    #expect(chunk.header.chunkIndex == 2)
    #expect(try reader.next()?.sequence == chunk.header.nextSequence)
  }

  @Test(arguments: [true, false])
  func `a flipped bit anywhere in a chunk's values is found before its record is delivered`(
    mapping: Bool
  ) throws {
    let folder = try TemporaryFolder()
    let path = try log(in: folder)
    let headers = try RecordLogReader(path: path)
    _ = try headers.nextHeader()
    let header = try #require(try headers.nextHeader())
    let values = Int(header.offset + header.length) - Int(header.valuesStored)
    var damaged = try bytes(of: path)
    for place in stride(from: values, to: Int(header.offset + header.length), by: 7001) {
      damaged[place] ^= 4
      try put(damaged, at: path)
      var options = ReadOptions()
      options.mapsSealedFiles = mapping
      let reader = try RecordLogReader(path: path, options: options)
      let error = #expect(throws: RecordLogError.self) { try reader.seek(toSequence: 2) }
      guard case .checksum(of: .values, _, _) = error?.problem else {
        Issue.record("\(place): \(String(describing: error))")
        return
      }
      #expect(error?.offset == header.offset)
      damaged[place] ^= 4
    }
  }

  /// Rewrites the index of a log, under right checksums, so that the entry of its fourth chunk begins
  /// three records too early.
  /// - Returns: the first record of that chunk.
  private func lieInIndex(of path: String) throws -> UInt64 {
    let reader = try RecordLogReader(path: path)
    var headers: [ChunkHeader] = []
    while let header = try reader.nextHeader() { headers.append(header) }
    var summary = try #require(reader.summary)
    var entries = headers.filter { $0.kind == .data }.map(IndexEntry.init)
    try #require(entries.count > 5)
    entries[3].firstSequence -= 3
    let index = ChunkAssembly(headers[headers.count - 2], table: entries.flatMap { $0.encoded() })
    index.assemble()
    var seal = headers[headers.count - 1]
    summary.indexHeaderChecksum = index.header.checksum
    seal.previousHeaderChecksum = index.header.checksum
    let end = ChunkAssembly(seal, table: summary.encoded())
    end.assemble()
    let whole = try bytes(of: path)
    try put(whole[..<Int(summary.indexOffset)] + index.bytes + end.bytes, at: path)
    return entries[3].firstSequence + 3
  }

  @Test func `an index that disagrees with its chunks is not used`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.rlg")
    try write(Self.records, to: path, options: repeatable(chunk: 20 << 10))
    let size = try bytes(of: path).count
    let first = try lieInIndex(of: path)
    #expect(try bytes(of: path).count == size)
    let reader = try RecordLogReader(path: path, options: .init(mode: .tailTolerant))
    #expect(reader.summary != nil)
    for target in [first - 1, first - 3, first] {
      try reader.seek(toSequence: target)
      #expect(text(try reader.next()) == Self.records[Int(target)])
    }
    #expect(reader.events.count == 1)
    let strict = try RecordLogReader(path: path)
    #expect(throws: RecordLogError.self) { try strict.seek(toSequence: first - 1) }
  }
}
