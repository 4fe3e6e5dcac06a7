import Foundation
import Testing

@testable import RecordLog

/// Row 18 of the plan: files that a later version of the format might write.
struct UpgradeTests {
  /// A log of three chunks of records, changed as a later version might have it.
  struct Later {
    var prologue = repeatable().prologue.encoded()
    var chunks: [(header: ChunkHeader, body: Body)] = []

    enum Body {
      case table([UInt8])
      case records(OpenChunk)
    }

    let records = lines(9)

    init() throws {
      var description = ChunkHeader(kind: .meta)
      description.flags.insert(.sessionStart)
      chunks.append((description, .table(try repeatable().description.encoded())))
      for start in stride(from: 0, to: records.count, by: 3) {
        let chunk = OpenChunk()
        for record in records[start..<start + 3] {
          chunk.append([UInt8](record.utf8).rawSpan, addingNewline: true, type: 1, isLine: true)
        }
        var header = ChunkHeader(kind: .data)
        chunk.close(&header)
        chunks.append((header, .records(chunk)))
      }
    }

    /// The file, its chunks linked and all its checksums right.
    func encoded() throws -> [UInt8] {
      var chain = SegmentChain(repeatable().prologue)
      var bytes = prologue
      for (header, body) in chunks {
        var header = header
        chain.link(&header)
        let assembly: ChunkAssembly
        switch body {
        case .table(let table): assembly = ChunkAssembly(header, table: table)
        case .records(let chunk):
          assembly = ChunkAssembly(header)
          assembly.pack(chunk, blockSize: .kibibytes64)
        }
        assembly.assemble()
        let encoded = assembly.bytes
        bytes += encoded
        chain.accept(
          assembly.header, encoded: encoded.rawSpan.extracting(first: ChunkLayout.headerBytes))
      }
      return bytes
    }
  }

  /// Changes two bytes of the prologue and makes its checksum right.
  static func with(_ value: UInt16, at place: Int, _ prologue: [UInt8]) -> [UInt8] {
    var changed = prologue
    changed[place] = UInt8(value & 0xFF)
    changed[place + 1] = UInt8(value >> 8)
    let head = Array(changed[..<124])
    let checksum = Checksum.masked(head.rawSpan)
    for index in 0..<4 {
      changed[124 + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index))
    }
    return changed
  }

  /// Reads as a file in every mode, from a pipe and following; all of them must say the same.
  static func check(
    _ bytes: [UInt8], isTaken: Bool, _ records: [String], _ what: String
  ) throws {
    let folder = try QuickFolder()
    let path = folder.file("later")
    try put(bytes, at: path)
    for mode in [ReadMode.strict, .tailTolerant, .salvage()] {
      let reading = RecordLogTests.read(path, mode)
      if isTaken {
        #expect(reading.records == records, "\(what), \(mode)")
        #expect(reading.error == nil || reading.error?.problem == .unterminated, "\(what), \(mode)")
      } else {
        #expect(reading.error?.category == .unsupported, "\(what), \(mode): \(reading)")
        #expect(reading.records == Array(records.prefix(reading.records.count)), "\(what), \(mode)")
      }
    }
    let streamed = PipeReading(pieces: [bytes])
    #expect((streamed.error == nil) == isTaken, "\(what), from a pipe: \(streamed)")
    let before = bytes
    if isTaken {
      let writer = try RecordLogWriter(appendingTo: path)
      try writer.append("1")
      try writer.finish()
      #expect(RecordLogTests.read(path).records == records + ["1"], "\(what), continued")
    } else {
      #expect(throws: RecordLogError.self, "\(what)") { try RecordLogWriter(appendingTo: path) }
      #expect(try RecordLogTests.bytes(of: path) == before, "\(what), continued")
    }
  }

  @Test func `what may be ignored is ignored, and what must be understood is refused`() throws {
    let start = ContinuousClock.now
    let plain = try Later()
    var taken = 0
    var refused = 0
    func check(
      _ isTaken: Bool, _ what: String, _ change: (inout Later) throws -> Void
    ) throws {
      var later = plain
      try change(&later)
      try Self.check(try later.encoded(), isTaken: isTaken, plain.records, what)
      if isTaken { taken += 1 } else { refused += 1 }
    }
    try check(true, "this version") { _ in }
    for minor: UInt16 in [1, 2, 255, 65535] {
      try check(true, "minor version \(minor)") {
        $0.prologue = Self.with(minor, at: 34, $0.prologue)
      }
    }
    for major: UInt16 in [0, 2, 65535] {
      try check(false, "major version \(major)") {
        $0.prologue = Self.with(major, at: 32, $0.prologue)
      }
    }
    for bit in 0..<16 {
      try check(false, "feature bit \(bit)") {
        $0.prologue = Self.with(1 << UInt16(bit), at: 116, $0.prologue)
      }
      try check(true, "feature bit \(bit + 16)") {
        $0.prologue = Self.with(1 << UInt16(bit), at: 118, $0.prologue)
      }
    }
    for bit in 4..<16 {
      try check(bit >= 8, "flag \(bit)") {
        $0.chunks[2].header.flags.insert(ChunkFlags(rawValue: 1 << UInt16(bit)))
      }
    }
    for code in UInt8(0)...UInt8.max where ChunkKind(rawValue: code) == nil {
      try check(code >= 0x80, "kind \(code)") {
        var header = ChunkHeader(kind: .mark)
        header.kindCode = code
        $0.chunks.insert((header, .table([UInt8]("of a later version".utf8))), at: 2)
      }
    }
    for version: UInt8 in [0, 2, 255] {
      try check(false, "header version \(version)") { $0.chunks[2].header.version = version }
    }
    for codec: UInt8 in [2, 3, 255] {
      try check(false, "codec \(codec)") { $0.chunks[2].header.codec = codec }
    }
    report(
      row: 18, since: start,
      "\(taken) changes of a later version read over, \(refused) refused as unsupported")
  }
}
