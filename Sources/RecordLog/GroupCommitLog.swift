import Foundation

/// A log in a folder that any number of threads append to at once.
///
/// Records queue up. One thread takes all that came since it last looked, writes them and makes them
/// durable with a single sync, then wakes those who wait for it: many commits cost one. The sync
/// policy holds whether or not anything more is appended: ``SyncPolicy/interval(_:)`` has a timer.
///
/// A record whose append returned stays accepted, under its sequence number. Where writing fails,
/// those who wait are told; the records stay and go out with the next call, as
/// ``SegmentedLogWriter`` has it. Once the queue is full, appends wait for room, and throw while
/// writing fails. A log that goes away without ``finish()`` drops what is not yet durable.
public final class GroupCommitLog: Sendable {
  private let committer: Committer
  /// The position in the input that the log had reached when it was opened; 0 where it has none.
  public let firstCursor: UInt64
  /// The number of the last barrier in the segment that was open; 0 where there was none.
  public let firstBarrier: UInt64

  /// How many bytes of records may queue up.
  static let queueLimit = 8 << 20

  /// Opens the log in the folder `path`, or begins one there, as
  /// ``SegmentedLogWriter/init(_:options:)`` does.
  public init(_ path: String, options: RecordLogOptions = .init()) throws(RecordLogError) {
    let writer = try SegmentedLogWriter(path, options: options)
    (firstCursor, firstBarrier) = (writer.lastCursor, writer.lastBarrier)
    committer = Committer(writer, options)
    committer.start()
  }

  deinit { committer.stop() }

  /// How many records were accepted, and how many of them survive a power cut.
  public var positions: LogPositions { committer.positions }

  /// Appends one record and returns its sequence number. Waits where the queue is full.
  ///
  /// What ``RecordLogWriter/append(_:type:cursor:)-([UInt8],_,_)`` refuses is refused here and now.
  @discardableResult
  public func append(
    _ record: [UInt8], type: UInt16? = nil, cursor: UInt64? = nil
  ) throws(RecordLogError) -> UInt64 {
    try committer.append(record.rawSpan, type: type, cursor: cursor)
  }

  /// Appends the UTF-8 bytes of `record`.
  @discardableResult
  public func append(
    _ record: String, type: UInt16? = nil, cursor: UInt64? = nil
  ) throws(RecordLogError) -> UInt64 {
    try append([UInt8](record.utf8), type: type, cursor: cursor)
  }

  /// Appends many records at once, each a line, as ``RecordLogWriter/append(lines:type:cursor:)`` does.
  @discardableResult
  public func append(
    lines: RawSpan, type: UInt16? = nil, cursor: UInt64? = nil
  ) throws(RecordLogError) -> Int {
    try committer.append(lines: lines, type: type, cursor: cursor)
  }

  /// Returns when a commit has covered record `sequence`, together with all that queued up until
  /// then. Blocks no thread.
  ///
  /// Under ``SyncPolicy/never`` the record was only handed to the system, and the durable position
  /// that is returned says so.
  @discardableResult
  public func durable(_ sequence: UInt64) async throws(RecordLogError) -> LogPositions {
    let result = await withCheckedContinuation { continuation in
      committer.whenCommitted(sequence) { continuation.resume(returning: $0) }
    }
    return try result.get()
  }

  /// As ``durable(_:)``, for a thread that may be blocked.
  @discardableResult
  public func waitUntilDurable(_ sequence: UInt64) throws(RecordLogError) -> LogPositions {
    try committer.wait(for: sequence)
  }

  /// Makes everything durable that was appended so far. Blocks.
  @discardableResult
  public func commit() throws(RecordLogError) -> LogPositions {
    let appended = positions.appended
    guard appended > 0, positions.durable < appended else { return positions }
    return try committer.wait(for: appended - 1)
  }

  /// Declares a type and returns its id; the one it has where the name is known. Blocks.
  public func declare(
    _ name: String, encoding: RecordType.Encoding = .json
  ) throws(RecordLogError) -> UInt16 {
    try committer.perform { writer throws(RecordLogError) in
      try writer.declare(name, encoding: encoding)
    }
  }

  /// Makes it durable that the input has been read up to `cursor`. Blocks.
  public func mark(cursor: UInt64) throws(RecordLogError) {
    try committer.perform { writer throws(RecordLogError) in try writer.mark(cursor: cursor) }
  }

  /// Puts a barrier behind all that was appended so far, as
  /// ``RecordLogWriter/barrier(_:cursor:)`` does. Blocks.
  public func barrier(_ number: UInt64, cursor: UInt64? = nil) throws(RecordLogError) {
    try committer.perform { writer throws(RecordLogError) in
      try writer.barrier(number, cursor: cursor)
    }
  }

  /// Seals the last segment. Blocks; nothing can be appended any more once it returned.
  public func finish() throws(RecordLogError) {
    try committer.perform(isLast: true) { writer throws(RecordLogError) in try writer.finish() }
  }
}
