import ArgumentParser
import Bytes
import Foundation
import RecordLog

/// Where imported records go: a stream, a file, or a folder.
protocol ImportSink: AnyObject {
  /// Records below this were accepted.
  var nextSequence: UInt64 { get }
  /// Records below this survive a power cut.
  var durableSequence: UInt64 { get }
  /// How far an earlier import had read its input.
  var lastCursor: UInt64 { get }
  var lastBarrier: UInt64 { get }

  func append(lines: RawSpan, type: UInt16?, cursor: UInt64?) throws(RecordLogError) -> Int
  func append(_ record: [UInt8], type: UInt16?, cursor: UInt64?) throws(RecordLogError) -> UInt64
  func barrier(_ number: UInt64, cursor: UInt64?) throws(RecordLogError)
  func declare(type name: String) throws(RecordLogError) -> UInt16
  func commit() throws(RecordLogError)
  func finish() throws(RecordLogError)
}

extension RecordLogWriter: ImportSink {
  func declare(type name: String) throws(RecordLogError) -> UInt16 {
    try checkRoom(forType: name)
    return declare(name)
  }
}

/// A log in a folder, written by a thread of its own that makes many appends durable with one sync.
final class FolderSink: ImportSink {
  private let log: GroupCommitLog
  let lastCursor: UInt64
  /// Barriers are put by this sink alone.
  private(set) var lastBarrier: UInt64
  private var isFinished = false

  init(_ path: String, options: RecordLogOptions) throws(RecordLogError) {
    log = try GroupCommitLog(path, options: options)
    (lastCursor, lastBarrier) = (log.firstCursor, log.firstBarrier)
  }

  /// Whether the folder holds segments of a log.
  static func isTaken(_ path: String) -> Bool {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.contains { $0.hasPrefix("seg-") }
  }

  var nextSequence: UInt64 { log.positions.appended }
  var durableSequence: UInt64 { isFinished ? nextSequence : log.positions.durable }

  func append(lines: RawSpan, type: UInt16?, cursor: UInt64?) throws(RecordLogError) -> Int {
    try log.append(lines: lines, type: type, cursor: cursor)
  }

  func append(_ record: [UInt8], type: UInt16?, cursor: UInt64?) throws(RecordLogError) -> UInt64 {
    try log.append(record, type: type, cursor: cursor)
  }

  func barrier(_ number: UInt64, cursor: UInt64?) throws(RecordLogError) {
    try log.barrier(number, cursor: cursor)
    lastBarrier = number
  }

  func declare(type name: String) throws(RecordLogError) -> UInt16 { try log.declare(name) }
  func commit() throws(RecordLogError) { _ = try log.commit() }
  func finish() throws(RecordLogError) {
    try log.finish()
    isFinished = true
  }
}

/// A policy as a person types it: every, interval[=ms], bytes[=amount] or none.
struct SyncChoice: ExpressibleByArgument {
  let policy: SyncPolicy

  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
    let amount = parts.count > 1 ? parts[1] : nil
    switch (parts.first, amount) {
    case ("every", nil): policy = .everyCommit
    case ("none", nil): policy = .never
    case ("interval", let amount):
      guard let pause = Int(amount ?? "200"), pause > 0 else { return nil }
      policy = .interval(.milliseconds(pause))
    case ("bytes", let amount):
      guard let bytes = ByteCount(parsing: amount ?? "8MiB"), bytes.bytes > 0 else { return nil }
      policy = .bytes(bytes)
    default: return nil
    }
  }
}

/// Shows on a terminal how many records were appended, and how many of them are durable.
struct ImportProgress {
  private let isShown = isatty(STDERR_FILENO) == 1
  private var last = ContinuousClock.now

  mutating func show(_ sink: any ImportSink) {
    guard isShown, ContinuousClock.now - last > .milliseconds(200) else { return }
    last = .now
    write("\r\u{1B}[K\(sink.nextSequence) appended, \(sink.durableSequence) durable")
  }

  func clear() {
    if isShown { write("\r\u{1B}[K") }
  }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
