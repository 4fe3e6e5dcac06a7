import Foundation
import Testing

@testable import RecordLog

/// A log has 4096 types at most. What comes from files may ask for more.
struct TypesLimitTests {
  /// A log of one chunk whose records all have types of their own, none of them declared.
  private func manyTypes(_ count: Int) -> [UInt8] {
    func leb128(_ value: Int) -> [UInt8] {
      value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F | 0x80)] + leb128(value >> 7)
    }
    let prologue = repeatable().prologue
    let raw = [UInt8](repeating: 7, count: count)
    var header = ChunkHeader(kind: .data)
    SegmentChain(prologue).link(&header)
    header.codec = 1
    header.type = ChunkLayout.mixedTypes
    header.recordCount = UInt32(count)
    header.valuesRaw = UInt32(count)
    header.rawChecksum = Checksum(raw.rawSpan).masked
    let size = [UInt8(count & 0xFF), UInt8(count >> 8), 0, 0x80]
    let chunk = ChunkAssembly(
      header, table: [UInt8](repeating: 1, count: count) + (1...count).flatMap(leb128),
      values: [0x04, 0x22, 0x4D, 0x18, 0x60, 0x40, 0x82] + size + raw + [0, 0, 0, 0])
    chunk.assemble()
    return prologue.encoded() + chunk.bytes
  }

  @Test func `a copy of a log of 5000 undeclared types is refused`() throws {
    let folder = try QuickFolder()
    try put(manyTypes(5000), at: folder.file("many"))
    let reader = try RecordLogReader(
      path: folder.file("many"), options: ReadOptions(mode: .tailTolerant))
    let copier = RecordCopier(
      to: try RecordLogWriter(creating: folder.file("copy"), options: repeatable()))
    let error = #expect(throws: RecordLogError.self) {
      while let record = try reader.next() {
        try copier.append(record, of: reader.description)
      }
    }
    #expect(error?.category == .limit)
    #expect((4095...4096).contains(copier.count))
    try copier.writer.finish()
    #expect(read(folder.file("copy")).records.count == Int(copier.count))
  }

  @Test func `a type that is known needs no room`() throws {
    let folder = try QuickFolder()
    let writer = try RecordLogWriter(creating: folder.file("full"), options: repeatable())
    for number in 1..<ChunkLayout.typesLimit { _ = writer.declare("\(number)") }
    try writer.checkRoom(forType: "77")
    #expect(throws: RecordLogError.self) { try writer.checkRoom(forType: "another") }
  }
}
