import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

/// Headers with right checksums that do not tell the truth.
struct LyingHeaderTests {
  struct Lie: CustomTestStringConvertible {
    var name: String
    var category = RecordLogError.Category.damage
    var tell: @Sendable (inout ChunkHeader) -> Void
    var testDescription: String { name }
  }

  static let lies = [
    Lie(name: "1 GiB from 1 KB") { $0.valuesRaw = 1 << 30 },
    Lie(name: "raw over 255 times stored") { $0.valuesRaw = $0.valuesStored * 256 },
    Lie(name: "2^32-1 records") { $0.recordCount = .max },
    Lie(name: "more records than table bytes") { $0.recordCount = $0.tableRaw + 1 },
    Lie(name: "a table of 4 GiB") { $0.tableRaw = .max },
    Lie(name: "a packed table of 4 GiB") {
      $0.tableRaw = .max
      $0.flags.insert(.packedTable)
    },
    Lie(name: "values of 4 GiB") { $0.valuesStored = .max },
    Lie(name: "values beyond the file") { $0.valuesStored += 1 << 20 },
    Lie(name: "an index of 2^20 chunks before it") {
      $0.kindCode = ChunkKind.index.rawValue
      $0.tableRaw = 40 << 20
      $0.flags.insert(.packedTable)
    },
    Lie(name: "a promise of what is not yet there") { $0.durableOffset = 1 << 40 },
    Lie(name: "an unknown kind", category: .unsupported) { $0.kindCode = 9 },
    Lie(name: "an unknown codec", category: .unsupported) { $0.codec = 2 },
    Lie(name: "a flag that must be understood", category: .unsupported) {
      $0.flags.insert(ChunkFlags(rawValue: 0x40))
    },
    Lie(name: "another header version", category: .unsupported) { $0.version = 2 },
    Lie(name: "values without a codec") { $0.codec = 0 },
    Lie(name: "other raw bytes") { $0.rawChecksum ^= 1 },
  ]

  @Test(arguments: lies)
  func `a lie under a right checksum is refused at once`(lie: Lie) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("lie")
    try write(lines(60), to: path, options: repeatable(chunk: 1000))
    var damaged = try bytes(of: path)
    let reader = try RecordLogReader(path: path)
    _ = try reader.nextHeader()
    var header = try #require(try reader.nextHeader())
    let place = Int(header.offset)
    lie.tell(&header)
    damaged.replaceSubrange(place..<place + 128, with: header.encode())
    try put(damaged, at: path)
    let reading = read(path)
    #expect(reading.records.isEmpty)
    #expect(reading.error?.category == lie.category, "\(reading)")
    // Far from a bound, yet far below what the lies are about.
    let cost = try Cost(warmingUp: {}) { read(path) }
    #expect(cost.isRefused && cost.microseconds < 1_000_000 && cost.touched < 64 << 10, "\(cost)")
  }

  struct FalseSum: CustomTestStringConvertible {
    var name: String
    var tell: @Sendable (inout SegmentSummary) -> Void
    var testDescription: String { name }
  }

  static let falseSums = [
    FalseSum(name: "index offset") { $0.indexOffset += 128 },
    FalseSum(name: "index length") { $0.indexLength += 128 },
    FalseSum(name: "index checksum") { $0.indexHeaderChecksum ^= 1 },
    FalseSum(name: "chunks") { $0.dataChunks -= 1 },
    FalseSum(name: "records") { $0.records += 1 },
    FalseSum(name: "decoded bytes") { $0.rawBytes -= 1 },
    FalseSum(name: "stored bytes") { $0.storedBytes += 128 },
    FalseSum(name: "first sequence number") { $0.firstSequence += 1 },
    FalseSum(name: "next sequence number") { $0.nextSequence += 1 },
    FalseSum(name: "earliest time") { $0.earliest -= 1 },
    FalseSum(name: "latest time") { $0.latest += 1 },
    FalseSum(name: "fingerprint") { $0.fingerprint[31] ^= 1 },
    FalseSum(name: "largest record") { $0.largestRecord += 1 },
    FalseSum(name: "largest chunk") { $0.largestChunk -= 1 },
  ]

  @Test(arguments: falseSums)
  func `a seal whose sums are not those of its records is refused`(sum: FalseSum) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("sealed")
    try write(lines(60), to: path, options: repeatable(chunk: 1000))
    let reader = try RecordLogReader(path: path)
    var last: ChunkHeader?
    while let header = try reader.nextHeader() { last = header }
    let header = try #require(last)
    var summary = try #require(reader.summary)
    sum.tell(&summary)
    let seal = ChunkAssembly(header, table: summary.encoded())
    seal.assemble()
    try put(try bytes(of: path).prefix(Int(header.offset)) + seal.bytes, at: path)
    let reading = read(path)
    #expect(reading.records == lines(60))
    #expect(reading.ending == nil)
    #expect(reading.error?.problem == .contradiction(.seal, "its sums are not theirs"))
  }

  @Test func `a chunk over the reader's own limit is a matter of limits, not of damage`() throws {
    let folder = try TemporaryFolder()
    try write(lines(600), to: folder.file("a"), options: repeatable(chunk: 10_000))
    var options = ReadOptions()
    options.limits.chunk = .kibibytes(1)
    let reader = try RecordLogReader(path: folder.file("a"), options: options)
    #expect { try reader.next() } throws: { ($0 as? RecordLogError)?.category == .limit }
  }

  @Test func `a description nested a million deep is refused`() throws {
    let deep = String(repeating: "[", count: 500_000) + String(repeating: "]", count: 500_000)
    let json = #"{"types":[],"user":{"a":\#(deep)}}"#
    #expect(throws: RecordLogError.Problem.self) {
      try LogDescription(decoding: [UInt8](json.utf8).rawSpan)
    }
  }

  @Test func `a chunk of an unknown kind that may be ignored is passed over`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a")
    try write(lines(5), to: path, options: repeatable(sync: .never), finishing: false)
    let all = try bytes(of: path)
    let reader = try RecordLogReader(path: path, options: .init(mode: .tailTolerant))
    var last: ChunkHeader?
    while let header = try reader.nextHeader() { last = header }
    let before = try #require(last)
    var header = ChunkHeader(kind: .mark)
    header.kindCode = 0x90
    header.fileTag = before.fileTag
    header.offset = UInt64(all.count)
    header.firstSequence = before.nextSequence
    header.chunkIndex = before.chunkIndex + 1
    header.previousLength = UInt32(before.length)
    header.previousHeaderChecksum = before.checksum
    let body = [UInt8]("whatever a later version means by it".utf8)
    let assembly = ChunkAssembly(header, table: body)
    assembly.assemble()
    try put(all + assembly.bytes, at: path)
    let reading = read(path, .tailTolerant)
    #expect(reading.records == lines(5))
    #expect(reading.ending == .unsealed)
    let writer = try RecordLogWriter(appendingTo: path)
    try writer.append("1")
    try writer.finish()
    #expect(read(path).records == lines(5) + ["1"])
  }
}
