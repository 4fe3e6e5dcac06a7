import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

/// Small files of every sort are damaged in every place. Whatever comes out must be a prefix of
/// what went in, and what is missing must be told.
struct DamageTests {
  struct Sample {
    var name: String
    var records: [String]
    var bytes: [UInt8]
    /// How many records are whole when the file is cut to a length: those of chunks below it.
    var ends: [(offset: Int, records: Int)]
    /// Everything below was promised to be durable.
    var promised: Int
  }

  static let samples: [Sample] = ["sealed", "committed", "unsynced"].compactMap {
    try? sample($0)
  }

  static func sample(_ name: String) throws -> Sample {
    let folder = try TemporaryFolder()
    let path = folder.file(name)
    let records = lines(40)
    let sync: SyncPolicy = name == "unsynced" ? .never : .everyCommit
    // Commits pad to 4096 bytes: few of them keep the file small.
    try write(
      records, to: path, options: repeatable(chunk: 400, sync: sync),
      committingEvery: name == "committed" ? 25 : .max, finishing: name == "sealed")
    let reader = try RecordLogReader(path: path, options: .init(mode: .tailTolerant))
    var ends: [(Int, Int)] = []
    var promised = 0
    while let header = try reader.nextHeader() {
      promised = max(promised, Int(header.durableOffset))
      ends.append((Int(header.offset + header.length), Int(header.nextSequence)))
    }
    return Sample(
      name: name, records: records, bytes: try RecordLogTests.bytes(of: path), ends: ends,
      promised: promised)
  }

  @Test func `the samples are there`() { #expect(DamageTests.samples.count == 3) }

  @Test(arguments: samples.indices)
  func `every truncation gives the exact prefix, and is told`(index: Int) throws {
    let sample = DamageTests.samples[index]
    let folder = try TemporaryFolder()
    let path = folder.file("cut")
    for length in 128..<sample.bytes.count {
      try put(sample.bytes[..<length], at: path)
      let whole = sample.ends.last { $0.offset <= length }?.records ?? 0
      let reading = read(path, .tailTolerant)
      let isClean = length == 128 || sample.ends.contains { $0.offset == length }
      #expect(reading.records == Array(sample.records[..<whole]), "length \(length)")
      #expect(reading.error == nil, "length \(length)")
      switch reading.ending {
      case .unsealed: #expect(isClean, "length \(length)")
      case .torn: #expect(!isClean && reading.events.count == 1, "length \(length)")
      default: Issue.record("length \(length): \(String(describing: reading.ending))")
      }
      #expect(read(path).error != nil, "length \(length)")
    }
    for length in [0, 1, 100, 127] {
      try put(sample.bytes[..<length], at: path)
      #expect(read(path).error?.category == .damage)
    }
  }

  @Test(arguments: samples.indices)
  func `no flipped byte goes undetected, and none gives a wrong record`(index: Int) throws {
    let sample = DamageTests.samples[index]
    let folder = try TemporaryFolder()
    let path = folder.file("flipped")
    for place in sample.bytes.indices {
      for mask: UInt8 in [0x01, 0x80, 0xFF] {
        var damaged = sample.bytes
        damaged[place] ^= mask
        try put(damaged, at: path)
        let strict = read(path)
        let isPrefix = strict.records.elementsEqual(sample.records.prefix(strict.records.count))
        // Without a seal even the undamaged file ends in an error, but not in this one.
        let isTold = strict.error.map { $0.problem != .unterminated } ?? false
        if !isPrefix || !isTold {
          Issue.record("byte \(place) ^ \(mask): \(strict)")
        }
      }
    }
  }

  @Test func `damage below what was promised to be durable is never called a torn tail`() throws {
    let sample = try #require(DamageTests.samples.first { $0.name == "committed" })
    let folder = try TemporaryFolder()
    let path = folder.file("rotten")
    for place in stride(from: 0, to: sample.promised, by: 3) {
      var damaged = sample.bytes
      damaged[place] ^= 0x10
      try put(damaged, at: path)
      let reading = read(path, .tailTolerant)
      if reading.error == nil {
        Issue.record("byte \(place): \(String(describing: reading.ending))")
      }
      // A writer need not notice what is wrong with old values, but must leave them alone.
      _ = try? RecordLogWriter(appendingTo: path)
      #expect(try bytes(of: path) == damaged, "byte \(place)")
    }
  }

  @Test(arguments: samples.indices)
  func `zeros from anywhere to the end are a torn tail or damage, never records`(
    index: Int
  ) throws {
    let sample = DamageTests.samples[index]
    let folder = try TemporaryFolder()
    let path = folder.file("zeros")
    for start in stride(from: 128, to: sample.bytes.count, by: 7) {
      var damaged = sample.bytes
      for place in start..<damaged.count { damaged[place] = 0 }
      guard damaged != sample.bytes else { continue }
      try put(damaged, at: path)
      let reading = read(path, .tailTolerant)
      #expect(reading.records == Array(sample.records.prefix(reading.records.count)))
      #expect(reading.error != nil || reading.events.count == 1, "from \(start)")
    }
  }

  @Test func `a chunk dropped, doubled or moved is found`() throws {
    let sample = try #require(DamageTests.samples.first { $0.name == "sealed" })
    let folder = try TemporaryFolder()
    let path = folder.file("shuffled")
    let starts = [128] + sample.ends.map(\.offset)
    for (start, end) in zip(starts, starts.dropFirst()) where start > 128 {
      let before = sample.bytes[..<start]
      let chunk = sample.bytes[start..<end]
      let after = sample.bytes[end...]
      for (damaged, right) in [
        (before + after, start), (before + chunk + chunk + after, end),
      ] {
        try put(damaged, at: path)
        let whole = sample.ends.last { $0.offset <= right }?.records ?? 0
        let reading = read(path)
        #expect(reading.error != nil, "chunk at \(start)")
        #expect(reading.records == Array(sample.records[..<whole]), "chunk at \(start)")
      }
    }
  }

  @Test func `a transfer in text mode is named as such`() throws {
    let sample = try #require(DamageTests.samples.first { $0.name == "sealed" })
    let folder = try TemporaryFolder()
    let path = folder.file("text")
    let unix = String(decoding: sample.bytes[24..<32], as: UTF8.self)
    #expect(!unix.isEmpty)
    var damaged = sample.bytes
    damaged.remove(at: 28)
    try put(damaged, at: path)
    #expect(read(path).error?.problem == .textMode)
  }
}
