import Foundation
import Testing

@testable import RecordLog

/// A log in one piece, and what any reading of a damaged copy is held against.
struct WholeLog: Sendable, CustomTestStringConvertible {
  let name: String
  let bytes: [UInt8]
  let headers: [ChunkHeader]
  /// The chunks of records by their first sequence number.
  let chunks: [UInt64: RecordChunk]
  let recordCount: Int
  /// Everything below was promised to be durable.
  let promised: Int
  var testDescription: String { name }
  var isSealed: Bool { headers.last?.kind == .seal }

  /// Reads the log once, and holds what comes out against `records`.
  init(_ name: String, _ bytes: [UInt8], records: [[UInt8]]) throws {
    let file = try HeldFile(bytes)
    let reader = try RecordLogReader(path: file.path, options: .init(mode: .tailTolerant))
    var headers: [ChunkHeader] = []
    while let header = try reader.nextHeader() { headers.append(header) }
    let again = try RecordLogReader(path: file.path, options: .init(mode: .tailTolerant))
    var chunks: [UInt64: RecordChunk] = [:]
    var found: [[UInt8]] = []
    while let chunk = try again.nextChunk() {
      chunks[chunk.header.firstSequence] = chunk
      found += (0..<chunk.count).map { Array(chunk.bytes[chunk.range($0)]) }
    }
    try #require(found == records)
    self.name = name
    self.bytes = bytes
    self.headers = headers
    self.chunks = chunks
    recordCount = records.count
    promised = Int(headers.map(\.durableOffset).max() ?? 0)
  }

  init(_ sample: SalvageTests.Sample) throws {
    try self.init(sample.name, sample.bytes, records: sample.records)
  }

  /// Whether the log holds this very chunk.
  func holds(_ chunk: RecordChunk) -> Bool {
    guard let own = chunks[chunk.header.firstSequence], own.count == chunk.count else {
      return false
    }
    return own.ends == chunk.ends && own.bytes == chunk.bytes
      && (0..<own.count).allSatisfy { own.type($0) == chunk.type($0) }
  }

  /// How many chunks, and records in them, are whole where the file is cut to `length`.
  func whole(below length: Int) -> (records: UInt64, isClean: Bool) {
    let last = headers.last { Int($0.offset + $0.length) <= length }
    let end = last.map { Int($0.offset + $0.length) } ?? ChunkLayout.prologueBytes
    return (last?.nextSequence ?? 0, end == length)
  }
}

/// What a reader made of a damaged log, chunk by chunk.
struct ChunkReading {
  var chunks = 0
  var records = 0
  /// Whether every chunk was one of the log's, under its own number.
  var areRight = true
  /// Whether they came from the first one on, without a gap.
  var areFirst = true
  var ending: LogEnding?
  var events: [RecordLogEvent] = []
  var error: RecordLogError?

  init(_ path: String, of log: WholeLog, _ mode: ReadMode, mapping: Bool = false) {
    var options = ReadOptions(mode: mode)
    options.mapsSealedFiles = mapping
    do {
      let reader = try RecordLogReader(path: path, options: options)
      defer {
        ending = reader.ending
        events = reader.events
      }
      while let chunk = try reader.nextChunk() {
        areRight = areRight && log.holds(chunk)
        areFirst = areFirst && chunk.header.firstSequence == UInt64(records)
        chunks += 1
        records += chunk.count
      }
    } catch {
      self.error = error
    }
  }

  var regions: [DamagedRegion] {
    events.compactMap {
      guard case .damage(let region) = $0 else { return nil }
      return region
    }
  }
}
