import Foundation
import TestSupport
import Testing

@testable import RecordLog

/// Chunks that are verified and decoded in advance, by other threads, come out as they do without.
struct ReadAheadTests {
  let folder: TemporaryFolder
  var log: String { folder.file("log") }

  init() throws { folder = try TemporaryFolder() }

  func reader(usingAllCores: Bool) throws -> RecordLogReader {
    var options = ReadOptions()
    options.usesAllCores = usingAllCores
    return try RecordLogReader(path: log, options: options)
  }

  /// Every chunk as it comes, and how reading ended.
  func chunks(usingAllCores: Bool, _ depth: Depth = .decoded) throws -> [String] {
    var told: [String] = []
    let reader = try reader(usingAllCores: usingAllCores)
    do {
      while let header = try reader.nextHeader(verifying: depth) {
        told.append("\(header.offset) \(header.kindCode)")
        if depth == .decoded, header.kind == .data, let record = try reader.next() {
          told.append(String(decoding: record.bytes, as: UTF8.self))
        }
      }
    } catch {
      told.append("\(error)")
    }
    return told
  }

  @Test(arguments: [200, 5000])
  func `records come in their order, whoever decodes them`(chunk: Int) throws {
    try write(lines(3000), to: log, options: repeatable(chunk: chunk))
    let reader = try reader(usingAllCores: true)
    var records: [String] = []
    while let record = try reader.next() {
      records.append(String(decoding: record.bytes.dropLast(), as: UTF8.self))
    }
    #expect(records == lines(3000))
    #expect(reader.ending == .sealed)
  }

  @Test(arguments: [Depth.stored, .decoded])
  func `damage shows at the same chunk as without`(depth: Depth) throws {
    try write(lines(120), to: log, options: repeatable(chunk: 300))
    let whole = try bytes(of: log)
    for place in stride(from: 128, to: whole.count, by: 29) {
      var damaged = whole
      damaged[place] ^= 0x10
      try put(damaged, at: log)
      let (alone, together) = try (
        chunks(usingAllCores: false, depth), chunks(usingAllCores: true, depth)
      )
      #expect(alone == together, "byte \(place)")
    }
  }

  @Test func `who seeks back and forth finds each record`() throws {
    let records = lines(2000)
    try write(records, to: log, options: repeatable(chunk: 500))
    let reader = try reader(usingAllCores: true)
    var random = SeededGenerator(3)
    for _ in 0..<60 {
      let first = Int.random(in: 0..<1900, using: &random)
      try reader.seek(toSequence: UInt64(first))
      for number in first..<first + Int.random(in: 1...100, using: &random) {
        let record = try #require(try reader.next())
        #expect(record.sequence == UInt64(number))
        #expect(String(decoding: record.bytes.dropLast(), as: UTF8.self) == records[number])
      }
    }
  }

  @Test func `a reader may go away while others still decode for it`() throws {
    try write(lines(5000), to: log, options: repeatable(chunk: 400))
    for count in 0..<40 {
      let reader = try reader(usingAllCores: true)
      for _ in 0..<count { _ = try reader.nextChunk() }
    }
  }
}
