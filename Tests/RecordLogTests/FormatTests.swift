import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

/// The bytes of the worked example in Format.md, which an independent program made.
struct FormatTests {
  static let records = [
    #"{"id":1,"text":"\#(String(repeating: "a", count: 32))"}"#, #"{"id":2,"text":"bb"}"#,
  ]

  /// Bytes 384 to 511 of the example.
  static let header = hexBytes(
    """
    57 2a 4d 18 c3 00 00 00 c1 52 4c 47 0d 0a 1a 9e 10 11 12 13 14 15 16 17 80 01 00 00 00 00 00 00
    e8 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 40 1e 18 24 0a 06 00 00 00 00 00 00 00 00 00
    00 00 00 00 01 00 00 00 00 01 00 00 9b d6 68 9f 02 00 00 00 02 00 00 00 02 00 00 00 35 00 00 00
    48 00 00 00 51 0b af 67 ef 4b f4 df d0 23 e5 d4 02 01 01 00 00 00 01 00 00 00 00 00 0c 50 1e 91
    """)

  static func hexBytes(_ text: String) -> [UInt8] {
    text.split(whereSeparator: \.isWhitespace).compactMap { UInt8($0, radix: 16) }
  }

  /// The example's DATA chunk, made by our writer's parts.
  static func assembly() -> ChunkAssembly {
    let chunk = OpenChunk()
    for record in records {
      chunk.append([UInt8](record.utf8).rawSpan, addingNewline: true, type: 1, isLine: false)
    }
    var header = ChunkHeader(kind: .data)
    chunk.close(&header)
    header.fileTag = 0x1716_1514_1312_1110
    header.offset = 384
    header.firstSequence = 1000
    header.time = 1_700_000_000_000_000
    header.chunkIndex = 1
    header.previousLength = 256
    header.previousHeaderChecksum = 0x9F68_D69B
    let assembly = ChunkAssembly(header)
    assembly.pack(chunk, blockSize: .kibibytes64)
    assembly.assemble()
    return assembly
  }

  @Test func `the data chunk of the worked example comes out byte by byte`() {
    let bytes = FormatTests.assembly().bytes
    #expect(bytes.count == 256)
    #expect(Array(bytes[..<128]) == FormatTests.header)
    #expect(Array(bytes[128..<203]) == [51, 21] + [UInt8](repeating: 0, count: 73))
    let frame = FormatTests.hexBytes("04 22 4d 18 60 40 82 26 00 00 00 ff 02 7b 22")
    #expect(Array(bytes[203..<218]) == frame)
    #expect(Array(bytes[252...]) == [0, 0, 0, 0])
  }

  @Test func `the data chunk of the worked example is read`() throws {
    let header = try ChunkHeader(
      decoding: FormatTests.header.rawSpan, tag: 0x1716_1514_1312_1110, offset: 384)
    #expect(header.kind == .data)
    #expect(header.firstSequence == 1000)
    #expect(header.recordCount == 2)
    #expect(header.padBytes == 73)
    #expect(header.length == 256)
    #expect(header.valuesRaw == 72)
    #expect(header.checksum == 0x911E_500C)
  }

  @Test func `a prologue has every field at its place`() throws {
    var options = repeatable()
    options.firstSequence = 1000
    options.segment = 3
    let prologue = options.prologue
    let bytes = prologue.encoded()
    let expected = FormatTests.hexBytes(
      """
      04 22 4d 18 60 40 82 00 00 00 00 57 2a 4d 18 6d 00 00 00 00 00 00 00 00
      c1 52 4c 47 0d 0a 1a 9e 01 00 00 00 80 00 00 00
      10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f 07 00 00 00 00 00 00 00
      03 00 00 00 00 00 00 00 e8 03 00 00 00 00 00 00 00 40 1e 18 24 0a 06 00
      00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
      00 00 00 04 00 00 00 01 00 00 00 00 00 00 00 00
      """)
    #expect(Array(bytes[..<124]) == expected)
    #expect(try Prologue(decoding: bytes.rawSpan) == prologue)
  }

  /// Golden: made by this code, checked by the Python reader and by the stock tools, and kept, so
  /// that no later version writes something else unnoticed.
  @Test func `the whole example file keeps its fingerprint`() throws {
    let folder = try TemporaryFolder()
    var options = repeatable(sync: .never)
    options.firstSequence = 1000
    let writer = try RecordLogWriter(creating: folder.file("a"), options: options)
    for record in FormatTests.records { try writer.append(record) }
    try writer.finish()
    let all = try bytes(of: folder.file("a"))
    #expect(all.count == 1152)
    let summary = try #require(try RecordLogReader(path: folder.file("a")).summary)
    #expect(summary.records == 2)
    #expect(summary.firstSequence == 1000)
    #expect(summary.nextSequence == 1002)
    #expect(summary.rawBytes == 72)
    #expect(summary.largestRecord == 51)
    #expect(summary.largestChunk == 72)
    #expect(summary.earliest == 1_700_000_000_000_000)
    #expect(all.suffix(8) == [0x9E, 0x52, 0x4C, 0x47, 0x45, 0x4E, 0x44, 0x0A])
  }

  @Test func `the same options and records give the same bytes`() throws {
    let folder = try TemporaryFolder()
    try write(lines(100), to: folder.file("a"))
    try write(lines(100), to: folder.file("b"))
    #expect(try bytes(of: folder.file("a")) == bytes(of: folder.file("b")))
  }

  struct Table: CustomTestStringConvertible {
    var bytes: [UInt8]
    /// What the header says of records and of the bytes in them.
    var count: UInt32
    var raw: UInt32
    var complaint: String
    var testDescription: String { "\(bytes) for \(count) records of \(raw) bytes" }

    init(_ bytes: [UInt8], count: UInt32, raw: UInt32, _ complaint: String) {
      (self.bytes, self.count, self.raw, self.complaint) = (bytes, count, raw, complaint)
    }
  }

  /// Each wrong in one way only.
  static let malformedTables = [
    Table([], count: 1, raw: 1, "ends inside a number"),
    Table([1], count: 2, raw: 1, "ends inside a number"),
    Table([1, 0x80], count: 2, raw: 1, "ends inside a number"),
    Table([0x80, 0], count: 1, raw: 0, "a number with a zero on top"),
    Table([0x81, 0], count: 1, raw: 1, "a number with a zero on top"),
    Table([0x81, 0x80, 0], count: 1, raw: 1, "a number with a zero on top"),
    Table([0x80, 1, 0x81, 0, 0x80, 1, 0x80, 1], count: 4, raw: 385, "a number with a zero on top"),
    Table([0xFF, 0xFF, 0xFF, 0xFF, 0x7F], count: 1, raw: 1, "a number over 32 bits"),
    Table([1, 1], count: 1, raw: 1, "1 bytes too many"),
    Table([], count: 0, raw: 1, "sizes sum to 0, not to 1"),
    Table([1, 1], count: 2, raw: 3, "sizes sum to 2, not to 3"),
    Table([2, 1], count: 2, raw: 2, "sizes sum to 3, not to 2"),
    Table(
      [0x80, 1, 0x80, 1, 0x80, 1, 0x80, 1], count: 4, raw: 513, "sizes sum to 512, not to 513"),
  ]

  @Test(arguments: malformedTables)
  func `a malformed table is refused, for what is wrong with it`(table: Table) {
    var header = ChunkHeader(kind: .data)
    header.recordCount = table.count
    header.valuesRaw = table.raw
    #expect(throws: RecordLogError.Problem.malformed(.table, table.complaint)) {
      try RecordTable(
        decoding: table.bytes.rawSpan, for: header, prologue: repeatable().prologue, limits: .init()
      )
    }
  }

  func frame(of raw: UnsafeRawBufferPointer) -> [UInt8] {
    let room = LZ4Frame.room(for: raw.count, blockSize: .kibibytes64)
    return [UInt8](unsafeUninitializedCapacity: room) { out, count in
      count = LZ4Frame.encode(raw, blockSize: .kibibytes64, to: UnsafeMutableRawBufferPointer(out))
    }
  }

  @Test func `a packed table is unpacked`() throws {
    let folder = try TemporaryFolder()
    let prologue = repeatable().prologue
    let sizes = [UInt8](repeating: 1, count: 3000)
    var packed = [UInt8](repeating: 0, count: LZ4.bound(sizes.count))
    let count = sizes.withUnsafeBytes { from in
      packed.withUnsafeMutableBytes { LZ4.pack(from, to: $0) }
    }
    let chunk = OpenChunk()
    for _ in sizes { chunk.append([7].rawSpan, addingNewline: false, type: 0, isLine: false) }
    var header = ChunkHeader(kind: .data)
    chunk.close(&header)
    SegmentChain(prologue).link(&header)
    let values = frame(of: chunk.bytes)
    let assembly = ChunkAssembly(header, table: Array(packed[..<count]), values: values)
    assembly.assemble()
    header = assembly.header
    header.tableRaw = 3000
    header.flags.insert(.packedTable)
    try put(
      prologue.encoded() + header.encode() + assembly.bytes.dropFirst(128), at: folder.file("a"))
    let reader = try RecordLogReader(path: folder.file("a"), options: .init(mode: .tailTolerant))
    #expect(try reader.nextChunk()?.ends == Array(1...3000))
    #expect(try reader.next() == nil)
    #expect(reader.ending == .unsealed)
  }

  @Test func `the checksum of a frame's own content is passed over`() throws {
    let raw = [UInt8](repeating: 5, count: 1000)
    var frame = raw.withUnsafeBytes { self.frame(of: $0) }
    frame.replaceSubrange(..<7, with: BlockSize.kibibytes64.checkedFrameHeader)
    var out = [UInt8](repeating: 0, count: 1000)
    func decode(_ frame: [UInt8]) -> RecordLogError.Problem? {
      frame.withUnsafeBytes { frame in
        do throws(RecordLogError.Problem) {
          _ = try LZ4Frame.decode(StoredBytes(frame, name: "frame"), into: &out)
          return nil
        } catch {
          return error
        }
      }
    }
    #expect(decode(frame + [1, 2, 3, 4]) == nil)
    #expect(out == raw)
    #expect(decode(frame) != nil)
    #expect(decode(frame + [1, 2, 3, 4, 5]) != nil)
  }
}
