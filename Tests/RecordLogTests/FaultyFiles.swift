import Bytes
import Foundation
import TestSupport

@testable import RecordLog

/// The system's files, with one call that goes wrong. Used by one thread at a time.
final class FaultyFiles: LogFiles, @unchecked Sendable {
  enum Call: CaseIterable {
    case open, write, sync, truncate, status, allocate, rename, remove, folder
  }

  /// Counted from 0 over the calls in `calls`; nothing fails where it is never reached.
  var failing: Range<Int> = 0..<0
  var code: Int32 = EIO
  /// What a disk takes for a sync; set before use.
  var syncMicroseconds: UInt32 = 0
  var calls = Set(Call.allCases)
  /// What a failing write leaves behind all the same, of a thousand.
  var writtenAnyway = 0
  /// How many bytes a write takes at most.
  var longestWrite = Int.max
  private(set) var count = 0
  private(set) var pauses = 0
  private let system = SystemFiles()
  var whilePausing: () -> Void = {}

  private func step(_ call: Call, _ path: String) throws(FileError) {
    guard calls.contains(call) else { return }
    defer { count += 1 }
    if failing.contains(count) { throw FileError(.write, path: path, code: code) }
  }

  func open(_ path: String, flags: Int32) throws(FileError) -> OpenFile {
    try step(.open, path)
    return try system.open(path, flags: flags)
  }

  func write(
    _ bytes: RawSpan, to file: borrowing OpenFile, at offset: UInt64
  ) throws(FileError) -> Int {
    do throws(FileError) { try step(.write, file.path) } catch {
      let part = bytes.byteCount * writtenAnyway / 1000
      if part > 0 { _ = try system.write(bytes.extracting(first: part), to: file, at: offset) }
      throw error
    }
    let part = min(bytes.byteCount, longestWrite)
    return try system.write(bytes.extracting(first: part), to: file, at: offset)
  }

  /// No test here cuts the power, so nothing is really synced.
  func sync(_ file: borrowing OpenFile) throws(FileError) {
    usleep(syncMicroseconds)
    try step(.sync, file.path)
  }

  func truncate(_ file: borrowing OpenFile, to byteCount: UInt64) throws(FileError) {
    try step(.truncate, file.path)
    try system.truncate(file, to: byteCount)
  }

  func byteCount(_ file: borrowing OpenFile) throws(FileError) -> Int {
    try step(.status, file.path)
    return try system.byteCount(file)
  }

  func allocate(_ file: borrowing OpenFile, _ byteCount: UInt64) throws(FileError) {
    try step(.allocate, file.path)
    try system.allocate(file, byteCount)
  }

  func rename(_ path: String, to newPath: String, replacing: Bool) throws(FileError) {
    try step(.rename, path)
    try system.rename(path, to: newPath, replacing: replacing)
  }

  func remove(_ path: String) throws(FileError) {
    try step(.remove, path)
    try system.remove(path)
  }

  func makeFolder(_ path: String) throws(FileError) {
    try step(.folder, path)
    try system.makeFolder(path)
  }

  func syncFolder(_ path: String) throws(FileError) { try step(.sync, path) }

  func pause(_ duration: Duration) {
    pauses += 1
    whilePausing()
  }
}

/// Small chunks and small segments.
func segmented(_ files: any LogFiles = SystemFiles(), sync: SyncPolicy = .everyCommit)
  -> RecordLogOptions
{
  var options = repeatable(chunk: 200, sync: sync)
  options.segmentSize = ByteCount(12_000)
  options.files = files
  return options
}

/// A folder in memory where there is one: thousands of logs are made there.
final class QuickFolder {
  let path: String

  init() throws {
    let root =
      FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
    path = root + "/synpo-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }
}

/// What was told to somebody who wrote a log.
struct Told {
  /// Records whose append returned, in order of their sequence numbers.
  var accepted: [String] = []
  /// How many of them were said to be durable.
  var durable = 0
  var errors: [RecordLogError] = []
  /// How many appends were tried, where that is counted.
  var attempts = 0

  /// Appends `records` with a commit after every fifth, and goes on after every error.
  mutating func work(_ records: [String], into writer: SegmentedLogWriter) {
    for (number, record) in records.enumerated() {
      do {
        let sequence = try writer.append(record, cursor: UInt64(number + 1))
        if sequence != UInt64(accepted.count) { accepted.append("sequence \(sequence)") }
        accepted.append(record)
      } catch {
        errors.append(error)
      }
      if number % 5 == 4 { attempt { _ = try writer.commit() } }
      if number % 37 == 36 { attempt { try writer.roll() } }
      durable = Int(writer.positions.durable)
    }
  }

  mutating func attempt(_ body: () throws -> Void) {
    do { try body() } catch { if let error = error as? RecordLogError { errors.append(error) } }
  }
}
