import Bytes
import Glibc

/// How far a log has got: two numbers that are never the same thing.
public struct LogPositions: Equatable, Sendable {
  /// Records below this were accepted.
  public var appended: UInt64
  /// Records below this survive a power cut.
  public var durable: UInt64
}

/// Writes a record log to a folder, in segments of limited size.
///
///     LOCK                        one writer at a time
///     seg-<first record>.rlg      sealed
///     seg-<first record>.rlg.open the one that is written
///     seg-….rlg.damaged           one in which acknowledged bytes were found damaged
///     debris/                     what recovery cut off
///     cursors/                    for those who read
///
/// An append that throws leaves no trace of its record. After a failed sync, which is final for a
/// file, the chunks that were not durable are written again to the next segment, out of memory, and
/// the call succeeds; it fails where that fails too, and the next call tries again. Only
/// ``finish()`` ends the log; opened once more it goes on behind its last record.
public final class SegmentedLogWriter {
  public let path: String
  /// What was found in the segment that was open, if one was.
  public private(set) var recovered: RecoveredLog?
  /// How often a call found the disk full and waited.
  public private(set) var diskFullWaits = 0
  private let options: RecordLogOptions
  private let lock: FolderLock
  private var current: RecordLogWriter?
  /// What the next segment begins with; looked at where there is no current one.
  private var start: SegmentStart
  /// A sealed segment that has not got its name yet.
  private var unnamed: String?
  private var superseded: [String]
  /// The segments that were there at first.
  private let list: SegmentList
  /// The number of the last barrier in them.
  private lazy var firstBarrier = list.lastBarrier
  private var isEnded = false
  /// The barrier that is not yet known to be durable.
  private var failedBarrier: UInt64?

  /// Opens the log in the folder `path`, or begins one there.
  ///
  /// The open segment is recovered: a torn tail goes to `debris/`; a seal whose renaming a crash
  /// prevented is completed. What is there is durable on return.
  ///
  /// Where acknowledged bytes of it are damaged it is set aside: it gets a name that ends in
  /// `.damaged`, nothing of it is changed, and the log goes on behind the highest number that can have
  /// been promised. ``recovered`` tells which records are lost, and so does the description of every
  /// segment to come.
  /// - Throws: where another writer holds the folder, a segment is missing or does not follow upon
  ///   the one before. The folder is then left as it is.
  public init(_ path: String, options: RecordLogOptions = .init()) throws(RecordLogError) {
    self.path = path
    self.options = options.withPackers()
    try SegmentedLogWriter.makeFolders(path, options.files)
    lock = try FolderLock(path)
    list = try SegmentList(folder: path, for: .writing)
    superseded = list.superseded
    var prologue = options.prologue
    (prologue.segment, prologue.fileID) = (0, .random())
    start = SegmentStart(prologue, description: options.description)
    if let last = list.segments.last { try goOn(behind: last) }
    _ = try live()
  }

  private static func makeFolders(
    _ path: String, _ files: any LogFiles
  ) throws(RecordLogError) {
    let isNew = !SegmentList.isFolder(path)
    do throws(FileError) {
      for folder in [path, path + "/debris", path + "/cursors"] {
        try uninterrupted { () throws(FileError) in try files.makeFolder(folder) }
      }
      guard isNew else { return }
      try uninterrupted { () throws(FileError) in try files.syncFolder(path + "/..") }
    } catch {
      throw RecordLogError(.file(error), path: path)
    }
  }

  private func goOn(behind last: SegmentFile) throws(RecordLogError) {
    let limits = ReadLimits()
    if last.isDamaged { return try goOn(behindDamaged: last, because: nil) }
    guard last.seal != nil, !last.hasOpenName || last.hasSoundIndex(limits: limits) else {
      do throws(RecordLogError) { return try recover(last.path) } catch {
        guard error.category == .damage, last.hasOpenName else { throw error }
        return try setAside(last, because: error)
      }
    }
    start = try last.successor(limits: limits)
    try removeSuperseded()
    if last.hasOpenName { unnamed = last.path }
    // A sealed segment without records is begun anew under the open name.
    if start.isReplacement { superseded.append(sealedName(last.path)) }
  }

  /// The name is durable before anything follows.
  private func setAside(
    _ segment: SegmentFile, because error: RecordLogError
  ) throws(RecordLogError) {
    let stem = String(segment.path.dropLast(SegmentName.openSuffix.count))
    let name = stem + SegmentName.damagedSuffix
    try rename(segment.path, to: name, replacing: false) {}
    try goOn(behindDamaged: segment.renamed(name), because: error)
  }

  private func goOn(
    behindDamaged segment: SegmentFile, because error: RecordLogError?
  ) throws(RecordLogError) {
    let known = try DamagedSegment(segment)
    let problem = error?.problem ?? .malformed(.chunk, "acknowledged bytes cannot be read")
    let entry = known.entry(of: segment, because: problem)
    let fresh = start.prologue
    var next = SegmentStart(after: segment, telling: known, entry)
    if next.prologue.logID == 0 { next.prologue.logID = fresh.logID }
    next.prologue.largestChunk = max(fresh.largestChunk, next.prologue.largestChunk)
    next.prologue.largestRecord = max(fresh.largestRecord, next.prologue.largestRecord)
    if known.description == nil {
      next.description = options.description
      next.description.setAside = [entry]
    }
    next.barrier = segment.findBarriers(ReadLimits())?.last.number ?? 0
    start = next
    let lost = entry.lostRecords
    recovered = RecoveredLog(
      records: known.nextSequence - segment.prologue.firstSequence - lost,
      nextSequence: known.nextSequence, lastCursor: known.cursor, lastInputTag: 0, debrisBytes: 0,
      tear: error, setAside: entry)
  }

  private func recover(_ segment: String) throws(RecordLogError) {
    let writer = try RecordLogWriter(
      recovering: segment, debrisFolder: path + "/debris", options: options)
    recovered = writer.recovered
    current = writer
    // Its name will be this one's.
    try removeSuperseded()
  }
}

// MARK: Appending

extension SegmentedLogWriter {
  public var positions: LogPositions {
    LogPositions(
      appended: current?.nextSequence ?? start.nextSequence,
      durable: current?.durableSequence ?? start.prologue.firstSequence)
  }

  /// What the log says of itself, with the types declared so far.
  public var description: LogDescription { current?.description ?? start.description }

  /// What one record may take.
  var limits: AppendLimits { current?.limits ?? AppendLimits(start.prologue, options) }

  /// The position in the input after the last record appended or mark made; 0 where none was given.
  public var lastCursor: UInt64 { current?.lastCursor ?? start.cursor }

  /// The number of the last barrier; 0 where there is none.
  public var lastBarrier: UInt64 {
    let recent = current?.lastBarrier ?? start.barrier
    return recent > 0 ? recent : firstBarrier
  }

  /// Appends one record and returns its sequence number, as
  /// ``RecordLogWriter/append(_:type:cursor:)-([UInt8],_,_)`` does.
  @discardableResult
  public func append(
    _ record: [UInt8], type: UInt16? = nil, cursor: UInt64? = nil
  ) throws(RecordLogError) -> UInt64 {
    try append(record.rawSpan, type: type, cursor: cursor)
  }

  @discardableResult
  public func append(
    _ record: RawSpan, type: UInt16? = nil, cursor: UInt64? = nil
  ) throws(RecordLogError) -> UInt64 {
    try unsafe record.withUnsafeBytes { record throws(RecordLogError) in
      try persist { writer throws(RecordLogError) in
        try unsafe self.current(behind: writer).append(
          RawSpan(_unsafeBytes: record), type: type, cursor: cursor)
      }
    }
  }

  /// The segment to append to: another one where `writer`'s is as large as it should get.
  private func current(
    behind writer: RecordLogWriter
  ) throws(RecordLogError) -> RecordLogWriter {
    guard try writer.hasReached(UInt64(options.segmentSize.bytes)), !writer.holdsNothing else {
      return writer
    }
    try seal(writer, isLast: false)
    return try live()
  }

  /// Appends the UTF-8 bytes of `record`.
  @discardableResult
  public func append(
    _ record: String, type: UInt16? = nil, cursor: UInt64? = nil
  ) throws(RecordLogError) -> UInt64 {
    try append([UInt8](record.utf8), type: type, cursor: cursor)
  }

  /// Declares a type and returns its id; the one it has where the name is known.
  public func declare(
    _ name: String, encoding: RecordType.Encoding = .json
  ) throws(RecordLogError) -> UInt16 {
    try persist { writer throws(RecordLogError) in
      try writer.checkRoom(forType: name)
      return writer.declare(name, encoding: encoding)
    }
  }

  /// Writes what is open, and makes everything durable unless the policy is never to.
  @discardableResult
  public func commit() throws(RecordLogError) -> LogPositions {
    try persist { writer throws(RecordLogError) in try writer.commit() }
    return positions
  }

  /// Writes what is open without making it durable: who follows the log can read it.
  public func flush() throws(RecordLogError) {
    try persist { writer throws(RecordLogError) in try writer.flush() }
  }

  /// Under ``SyncPolicy/interval(_:)``: commits where the time has come. For writers that may be
  /// idle for long.
  public func commitIfDue() throws(RecordLogError) {
    try persist { writer throws(RecordLogError) in try writer.commitIfDue() }
  }

  /// Makes it durable that the input has been read up to `cursor`, even where no record came of it.
  public func mark(cursor: UInt64) throws(RecordLogError) {
    try persist { writer throws(RecordLogError) in try writer.mark(cursor: cursor) }
  }

  /// Puts a barrier behind all that was appended, as ``RecordLogWriter/barrier(_:cursor:)`` does. One that
  /// failed can be tried again.
  public func barrier(_ number: UInt64, cursor: UInt64? = nil) throws(RecordLogError) {
    guard number > lastBarrier || number == failedBarrier else {
      throw RecordLogError(.barrierOutOfOrder(number, last: lastBarrier), path: path)
    }
    failedBarrier = number
    try persist { writer throws(RecordLogError) in
      // A segment that was retired over it has handed it on.
      guard writer.lastBarrier < number else { return try writer.commit() }
      try writer.barrier(number, cursor: cursor)
    }
    failedBarrier = nil
  }

  /// Seals the segment being written; the next append begins another. Does nothing where the segment
  /// holds no record.
  public func roll() throws(RecordLogError) {
    try persist { writer throws(RecordLogError) in
      if !writer.holdsNothing { try self.seal(writer, isLast: false) }
    }
  }

  /// Seals the last segment. Nothing can be appended any more until the log is opened again.
  public func finish() throws(RecordLogError) {
    try persist { writer throws(RecordLogError) in try self.seal(writer, isLast: true) }
    try settleNames()
    isEnded = true
  }
}

// MARK: Segments

extension SegmentedLogWriter {
  /// Does something to the current segment. Where that gets it retired, does it to the next one,
  /// once; where the disk is full, as often as the options say.
  private func persist<T>(
    _ body: (RecordLogWriter) throws(RecordLogError) -> T
  ) throws(RecordLogError) -> T {
    while true {
      do throws(RecordLogError) { return try persistOnce(body) } catch {
        guard case .wait(let pause) = options.whenDiskFull, error.isDiskFull else { throw error }
        diskFullWaits += 1
        options.files.pause(pause)
      }
    }
  }

  private func persistOnce<T>(
    _ body: (RecordLogWriter) throws(RecordLogError) -> T
  ) throws(RecordLogError) -> T {
    let writer = try live()
    do throws(RecordLogError) { return try body(writer) } catch {
      guard leaveRetired() else { throw error }
    }
    let next = try live()
    do throws(RecordLogError) { return try body(next) } catch {
      leaveRetired()
      throw error
    }
  }

  /// Takes over what the current segment owes, if it is retired.
  @discardableResult
  private func leaveRetired() -> Bool {
    guard let writer = current, writer.isRetired else { return false }
    start = writer.successor()
    current = nil
    return true
  }

  private func live() throws(RecordLogError) -> RecordLogWriter {
    guard !isEnded else { throw RecordLogError(.alreadyEnded, path: path) }
    if let current { return current }
    try settleNames()
    let writer = try openSegment()
    current = writer
    return writer
  }

  /// Creates the next segment, which has its name when everything in it is durable and not before.
  private func openSegment() throws(RecordLogError) -> RecordLogWriter {
    let stem = path + "/" + SegmentName.stem(start.prologue.firstSequence)
    let part = stem + SegmentName.partSuffix
    let name = stem + SegmentName.openSuffix
    unsafe unlink(part)
    start.prologue.fileID = .random()
    start.prologue.created = options.clock()
    let writer: RecordLogWriter
    do throws(RecordLogError) {
      writer = try RecordLogWriter(segment: name, creating: part, start, options: options)
    } catch {
      unsafe unlink(part)
      throw error
    }
    try rename(part, to: name, replacing: start.isReplacement) {
      // A second try will find the name taken, by a file of which nothing counts.
      start.isReplacement = true
    }
    try removeSuperseded()
    return writer
  }

  private func seal(_ writer: RecordLogWriter, isLast: Bool) throws(RecordLogError) {
    try writer.finish(isLast: isLast)
    start = writer.successor()
    unnamed = writer.path
    if start.isReplacement { superseded.append(sealedName(writer.path)) }
    current = nil
    if !isLast { try settleNames() }
  }

  private func sealedName(_ path: String) -> String {
    guard path.hasSuffix(SegmentName.openSuffix) else { return path }
    return String(path.dropLast(SegmentName.openSuffix.count)) + SegmentName.suffix
  }

  /// Gives a sealed segment its name. The seal is the truth: until this has succeeded the log is
  /// none the worse, and it is tried again.
  private func settleNames() throws(RecordLogError) {
    guard let name = unnamed else { return }
    try rename(name, to: sealedName(name), replacing: false) { unnamed = sealedName(name) }
    unnamed = nil
  }

  /// - Parameter renamed: called between the renaming and the sync of the folder.
  private func rename(
    _ old: String, to new: String, replacing: Bool, renamed: () -> Void
  ) throws(RecordLogError) {
    do throws(FileError) {
      if old != new {
        try uninterrupted { () throws(FileError) in
          try options.files.rename(old, to: new, replacing: replacing)
        }
      }
      renamed()
      try uninterrupted { () throws(FileError) in try options.files.syncFolder(path) }
    } catch {
      throw RecordLogError(.file(error), path: new)
    }
  }

  private func removeSuperseded() throws(RecordLogError) {
    do throws(FileError) {
      while let path = superseded.last {
        if unsafe access(path, F_OK) == 0 { try options.files.remove(path) }
        superseded.removeLast()
      }
    } catch {
      throw RecordLogError(.file(error), path: path)
    }
  }
}

extension RecordLogError {
  /// Whether what failed may succeed once there is space.
  var isDiskFull: Bool {
    guard case .file(let error) = problem else { return false }
    return error.code == ENOSPC || error.code == EDQUOT
  }
}
