import Bytes
import Foundation

/// Writes a record log, to a file or to a stream.
///
/// Records gather in an open chunk. Full chunks are written by themselves, to a file as soon as
/// there is half a mebibyte of them; ``commit()`` writes what there is and makes it durable. Only
/// ``finish()`` seals a log: a writer that goes away otherwise leaves a log that can be read up to
/// the last whole chunk and appended to, and records since then are not in it.
///
/// With ``RecordLogOptions/packers`` full chunks are packed by other threads, a bounded number at a
/// time, and written in their order by calls that come later; a commit waits for all of them.
///
/// An append that throws leaves no trace of its record. Records accepted before it stay in memory;
/// after a failed write (a full disk, say) the file is cut back to whole chunks and they go out with
/// the next commit that succeeds. After a failed sync the writer is of no further use.
public final class RecordLogWriter {
  public internal(set) var path: String
  /// What was found in the file, where the writer continues one.
  public private(set) var recovered: RecoveredLog?
  public private(set) var description: LogDescription
  /// The sequence number that the next record will get.
  public var nextSequence: UInt64 { next }
  /// Records below this survive a power cut.
  public private(set) var durableSequence: UInt64
  let options: RecordLogOptions
  let output: LogOutput
  var chain: SegmentChain
  let limits: AppendLimits
  let chunk: OpenChunk
  // Private, so that an append reads and changes it without asking whether others do.
  private var next: UInt64
  private var cursor: UInt64 = 0
  /// What has been looked up of the type that was appended last.
  private var lastType: (wanted: UInt16?, id: UInt16, isLine: Bool)?
  var index: [UInt8] = []
  var durableOffset: UInt64 = 0
  /// The position in the input after the last record appended or mark made; 0 where none was given.
  public var lastCursor: UInt64 { cursor }
  /// Whether a META chunk must come before anything else: at the start of every session, and when
  /// a type was added.
  var owesMeta = true
  var isFirstChunk = true
  var state = State.open
  /// Of a stream: lets no record wait for ever, and the reader know that the writer is there.
  private(set) var pulse: StreamPulse?
  /// What went wrong between two calls.
  var missedFailure: RecordLogError?
  /// When a stream's last chunk was written.
  var lastWritten = monotonicNow()
  /// Where the last description ends.
  var lastMeta: UInt64 = 0
  /// The number of the barrier written last, or found in a file that is continued; 0 where none was.
  public internal(set) var lastBarrier: UInt64 = 0
  /// Whether this is one of the segments of a folder, whose start and end are synced under every
  /// policy and whose undurable chunks are kept.
  let isSegment: Bool
  /// What waits to be written; first of all chunks from an earlier segment.
  var closedChunks = ChunkQueue()
  /// What was written since the last sync.
  var kept: [ChunkAssembly] = []
  var keptBytes = 0
  /// Memory of chunks that are done with.
  var spareChunks: [OpenChunk] = []
  var spareAssemblies: [ChunkAssembly] = []
  /// Where the segment stood at the last sync.
  private var durableEnd: SegmentEnd
  private var lastSync = monotonicNow()

  enum State { case open, retired, ended }

  deinit { pulse?.stop() }

  /// Creates the file, which must not exist. Its name and description are durable on return.
  public init(creating path: String, options: RecordLogOptions = .init()) throws(RecordLogError) {
    self.path = path
    self.options = options.withPackers()
    isSegment = false
    do throws(RecordLogError.Problem) {
      output = try LogOutput(creating: path, files: options.files)
    } catch {
      throw RecordLogError(error, path: path)
    }
    chain = SegmentChain(options.prologue)
    description = options.description
    limits = AppendLimits(chain.prologue, options)
    next = chain.nextSequence
    chunk = OpenChunk()
    durableSequence = chain.nextSequence
    durableEnd = SegmentEnd(chain)
    do throws(RecordLogError) { try begin() } catch {
      // It holds nothing that anybody was told of.
      unsafe unlink(path)
      throw error
    }
  }

  /// Continues a file that was not sealed, behind its last whole chunk.
  ///
  /// Bytes behind that are copied to `<path>.debris-<n>` and cut off. What was found is in
  /// ``recovered``. Types in `options` that the file lacks are added under new ids.
  /// - Throws: also where acknowledged bytes are damaged; the file is then left as it is.
  public convenience init(
    appendingTo path: String, options: RecordLogOptions = .init()
  ) throws(RecordLogError) {
    try self.init(recovering: path, options: options)
  }

  /// - Parameter debrisFolder: where debris goes, of a segment in a folder.
  init(
    recovering path: String, debrisFolder: String? = nil, options: RecordLogOptions
  ) throws(RecordLogError) {
    self.path = path
    self.options = options.withPackers()
    isSegment = debrisFolder != nil
    do throws(RecordLogError.Problem) {
      output = try LogOutput(opening: path, files: options.files)
    } catch {
      throw RecordLogError(error, path: path)
    }
    let recovery = try Recovery(path: path)
    chain = recovery.chain
    index = recovery.index
    description = recovery.description ?? options.description
    limits = AppendLimits(chain.prologue, options)
    next = chain.nextSequence
    chunk = OpenChunk()
    durableSequence = chain.prologue.firstSequence
    durableEnd = SegmentEnd(chain)
    cursor = chain.lastCursor
    lastBarrier = recovery.lastBarrier
    if !canGather { output.gatherNone() }
    var found = recovery.found
    found.debris = try cutDebris(recovery, into: debrisFolder)
    recovered = found
    try sync()
    try add(options.types)
  }

  /// Removes the file where a crash came before anything could be in it. Any other file stays.
  public static func removeStub(_ path: String) throws(RecordLogError) {
    do throws(RecordLogError.Problem) {
      try LogOutput.removeStub(path)
    } catch {
      throw RecordLogError(error, path: path)
    }
  }

  /// Continues the log where there is one; creates it where there is none, or where a crash came
  /// before anything could be in it.
  public static func continuing(
    _ path: String, options: RecordLogOptions = .init()
  ) throws(RecordLogError) -> RecordLogWriter {
    try removeStub(path)
    guard unsafe access(path, F_OK) == 0 else {
      return try RecordLogWriter(creating: path, options: options)
    }
    return try RecordLogWriter(appendingTo: path, options: options)
  }

  /// Writes to a descriptor, front to back. The descriptor stays the caller's, who closes it after
  /// ``finish()``.
  ///
  /// Into a pipe, or whatever else is no file, a thread closes chunks that have waited for
  /// ``RecordLogOptions/linger``, and sends a word in every ``RecordLogOptions/heartbeat`` of silence.
  /// It ends with ``finish()``, ``abort(_:)`` or the writer. Where it fails, the next call says so.
  public init(
    streamingTo descriptor: Int32, name: String = "stream", options: RecordLogOptions = .init()
  ) throws(RecordLogError) {
    path = name
    self.options = options.withPackers()
    isSegment = false
    do throws(RecordLogError.Problem) {
      output = try LogOutput(streamingTo: descriptor, name: name)
    } catch {
      throw RecordLogError(error, path: name)
    }
    chain = SegmentChain(options.prologue)
    description = options.description
    limits = AppendLimits(chain.prologue, options)
    next = chain.nextSequence
    chunk = OpenChunk()
    durableSequence = chain.nextSequence
    durableEnd = SegmentEnd(chain)
    try begin()
    guard output.isLive else { return }
    let pulse = StreamPulse()
    self.pulse = pulse
    pulse.start(for: self)
  }

  /// Creates a segment of a folder as `part`; the caller gives it the name `path`.
  init(
    segment path: String, creating part: String, _ start: SegmentStart, options: RecordLogOptions
  ) throws(RecordLogError) {
    self.path = path
    self.options = options.withPackers()
    isSegment = true
    do throws(RecordLogError.Problem) {
      output = try LogOutput(creating: part, named: path, files: options.files)
    } catch {
      throw RecordLogError(error, path: path)
    }
    chain = SegmentChain(start.prologue)
    chain.inherit(cursor: start.durableCursor)
    description = start.description
    limits = AppendLimits(chain.prologue, options)
    next = chain.nextSequence
    chunk = start.chunk
    durableSequence = chain.nextSequence
    durableEnd = SegmentEnd(chain)
    if !canGather { output.gatherNone() }
    closedChunks = start.closed
    next = start.nextSequence
    cursor = start.cursor
    lastBarrier = start.barrier
    try reserve()
    try begin()
  }
}

// MARK: Appending

extension RecordLogWriter {
  /// Appends one record and returns its sequence number.
  ///
  /// A JSON record is one line; the line feed at its end is added where it is missing.
  /// - Parameters:
  ///   - type: of those in ``description``; the first one where nil.
  ///   - cursor: the position in this log's own input after this record. It becomes durable in the
  ///     same write as the record.
  @discardableResult
  public func append(
    _ record: [UInt8], type: UInt16? = nil, cursor: UInt64? = nil
  ) throws(RecordLogError) -> UInt64 {
    try append(record.rawSpan, type: type, cursor: cursor)
  }

  /// Appends the UTF-8 bytes of `record`.
  @discardableResult
  public func append(
    _ record: String, type: UInt16? = nil, cursor: UInt64? = nil
  ) throws(RecordLogError) -> UInt64 {
    let bytes = [UInt8](record.utf8)
    return try append(bytes.rawSpan, type: type, cursor: cursor)
  }

  @discardableResult
  public func append(
    _ record: RawSpan, type: UInt16? = nil, cursor: UInt64? = nil
  ) throws(RecordLogError) -> UInt64 {
    seize()
    defer { release() }
    try requireOpen()
    let (type, isLine) = try lookUp(type)
    guard let lacksNewline = isLine ? record.isOpenLine : false else { throw failure(.notOneLine) }
    let size = record.byteCount + (lacksNewline ? 1 : 0)
    try checkRoom(for: size)
    if chunk.isFull(before: size, limit: chunkLimit) { try writeChunk(.full) }
    try writeIfTimely()
    let sequence = next
    chunk.append(record, addingNewline: lacksNewline, type: type, isLine: isLine)
    noteAppended(1, cursor)
    return sequence
  }

  /// Appends many records at once, each a line; what ``append(_:type:cursor:)`` checks is checked.
  ///
  /// - Parameters:
  ///   - lines: lines one after the other. A line feed at the end is added where it is missing.
  ///   - type: a JSON type of those in ``description``; the first one where nil.
  ///   - cursor: the position in this log's own input before the first line. Each line takes it on
  ///     by one.
  /// - Returns: how many records that were.
  /// - Throws: where a line cannot be appended. Those before it were, as ``nextSequence`` tells.
  @discardableResult
  public func append(
    lines: RawSpan, type: UInt16? = nil, cursor: UInt64? = nil
  ) throws(RecordLogError) -> Int {
    seize()
    defer { release() }
    try requireOpen()
    let (type, isLine) = try lookUp(type)
    guard isLine else { throw failure(.unknownType(type)) }
    let first = nextSequence
    var at = 0
    while at < lines.byteCount {
      let position = cursor.map { $0 + (nextSequence - first) }
      let rest = lines.extracting(droppingFirst: at)
      at += try appendSome(of: rest, type: type, cursor: position)
    }
    return Int(nextSequence - first)
  }

  /// Appends lines from the front of `lines`, none where the open chunk had no room for the first.
  /// - Returns: the bytes taken.
  private func appendSome(
    of lines: RawSpan, type: UInt16, cursor: UInt64?
  ) throws(RecordLogError) -> Int {
    try writeIfTimely()
    let before = chunk.count
    let most = Int(min(UInt64(ChunkLayout.recordsLimit), .max - nextSequence))
    let (taken, isStopped) = unsafe lines.withUnsafeBytes { lines in
      unsafe chunk.append(
        lines: lines, type: type, limit: chunkLimit, largest: limits.record, most: most)
    }
    let count = UInt64(chunk.count - before)
    if count > 0 { noteAppended(count, cursor.map { $0 + count }) }
    guard taken == 0 else { return taken }
    if isStopped { throw whyStopped(at: lines) }
    try checkRoom(for: 0)
    try writeChunk(.full)
    return 0
  }

  private func whyStopped(at lines: RawSpan) -> RecordLogError {
    let size =
      unsafe lines.withUnsafeBytes { unsafe newlineOffset($0) }
      .map { $0 + 1 } ?? lines.byteCount + 1
    guard size > 1 else { return failure(.notOneLine) }
    return failure(.tooLarge(.record, bytes: UInt64(size), limit: UInt64(limits.record)))
  }

  @inline(__always)
  private func noteAppended(_ count: UInt64, _ cursor: UInt64?) {
    next += count
    if output.isLive, chunk.opened == nil {
      chunk.opened = monotonicNow()
      pulse?.hurry()
    }
    if let cursor { self.cursor = cursor }
  }

  /// Counts records that were written without having been in the open chunk.
  func notePassed(_ count: Int, _ cursor: UInt64?) {
    next += UInt64(count)
    if let cursor { self.cursor = cursor }
  }

  /// Writes what has waited as long as it may.
  @inline(__always)
  private func writeIfTimely() throws(RecordLogError) {
    if case .interval = options.sync {} else if !output.isStream { return }
    if lingersTooLong { try writeChunk(.flush) }
    try commitIfDue()
  }

  /// Declares a type and returns its id; the one it has where the name is known.
  /// - Parameter wanted: the id that it gets where that is free.
  public func declare(
    _ name: String, encoding: RecordType.Encoding = .json, preferring wanted: UInt16? = nil
  ) -> UInt16 {
    seize()
    defer { release() }
    if let known = description.type(named: name) { return known.id }
    precondition(description.types.count < ChunkLayout.typesLimit, "too many record types")
    let taken = Set(description.types.map(\.id))
    let isFree = wanted.map { (1..<ChunkLayout.mixedTypes).contains($0) && !taken.contains($0) }
    let free = (1..<ChunkLayout.mixedTypes).first { !taken.contains($0) } ?? 0
    let id = isFree == true ? wanted ?? free : free
    description.types.append(RecordType(id: id, name: name, encoding: encoding))
    owesMeta = true
    lastType = nil
    return id
  }

  /// Writes the open chunk, and makes everything durable unless the policy is never to.
  public func commit() throws(RecordLogError) {
    seize()
    defer { release() }
    try commitNow()
  }

  private func commitNow() throws(RecordLogError) {
    try requireOpen()
    try writeChunk(.commit)
    try sync()
  }

  /// Writes the open chunk without making it durable: on a stream, what is appended can be read.
  public func flush() throws(RecordLogError) {
    seize()
    defer { release() }
    try requireOpen()
    try writeChunk(.flush)
    try handOver()
  }

  /// Makes it durable that the input has been read up to `cursor`, even where no record came of it.
  public func mark(cursor: UInt64) throws(RecordLogError) {
    seize()
    defer { release() }
    try requireOpen()
    self.cursor = cursor
    if chunk.isEmpty {
      try writeClosed(leaving: 0)
      try writeMeta()
      keep(try write(.mark, alignment: commitAlignment))
    }
    try commitNow()
  }

  /// Puts a barrier behind all that was appended, and makes everything up to it durable.
  ///
  /// - Parameters:
  ///   - number: greater than ``lastBarrier``.
  ///   - cursor: the position in this log's own input at which the barrier stands there.
  public func barrier(_ number: UInt64, cursor: UInt64? = nil) throws(RecordLogError) {
    seize()
    defer { release() }
    try requireOpen()
    guard number > lastBarrier else { throw failure(.barrierOutOfOrder(number, last: lastBarrier)) }
    if let cursor { self.cursor = cursor }
    try writeChunk(.flush)
    try writeMeta()
    keep(
      try write(
        .mark, flags: .barrier, table: Barrier.table(number), alignment: commitAlignment))
    lastBarrier = number
    try sync()
  }

  /// Writes what is open, the index and the seal. Nothing can be appended any more.
  public func finish() throws(RecordLogError) {
    try finish(isLast: true)
    pulse?.stop()
  }

  /// - Parameter isLast: whether no further segment is meant to follow.
  func finish(isLast: Bool) throws(RecordLogError) {
    seize()
    defer { release() }
    try requireOpen()
    try writeChunk(.flush)
    try writeMeta()
    try sync(always: isSegment)
    var summary = SegmentSummary()
    if !index.isEmpty {
      summary.indexOffset = chain.offset
      let header = try write(.index, table: index).header
      summary.indexLength = UInt32(header.length)
      summary.indexHeaderChecksum = header.checksum
    }
    try write(.seal, flags: isLast ? [] : .continues, table: sealBody(summary))
    try sync(always: isSegment)
    state = .ended
    output.release(from: chain.offset, reservedEarlier: isSegment)
  }

  /// Ends a stream with the reason why there is no more to come. For a file, too, this is the end:
  /// one that shall be continued is simply left.
  public func abort(_ reason: String) throws(RecordLogError) {
    try end(because: reason)
    pulse?.stop()
  }

  private func end(because reason: String) throws(RecordLogError) {
    seize()
    defer { release() }
    try requireOpen()
    try writeChunk(.flush)
    let json = (try? JSONEncoder().encode(["error": reason])).map { [UInt8]($0) } ?? []
    try write(.abort, table: json)
    try sync()
    state = .ended
  }
}

// MARK: Checks

extension RecordLogWriter {
  @inline(__always)
  private func requireOpen() throws(RecordLogError) {
    switch state {
    case .open: return
    case .retired: throw missedFailure.take() ?? failure(.retired)
    case .ended: throw failure(.alreadyEnded)
    }
  }

  /// The type that is meant, and whether its records are lines.
  @inline(__always)
  private func lookUp(
    _ wanted: UInt16?
  ) throws(RecordLogError) -> (id: UInt16, isLine: Bool) {
    if let lastType, lastType.wanted == wanted { return (lastType.id, lastType.isLine) }
    return try lookUpAnew(wanted)
  }

  private func lookUpAnew(
    _ wanted: UInt16?
  ) throws(RecordLogError) -> (id: UInt16, isLine: Bool) {
    let id = wanted ?? description.types.first?.id ?? 0
    let declared = description.type(id)
    guard id == 0 || declared != nil else { throw failure(.unknownType(id)) }
    let isLine = id != 0 && declared?.encoding == .json
    lastType = (wanted, id, isLine)
    return (id, isLine)
  }

  /// The most bytes that a chunk decodes to here, and that a record has.
  var promises: (chunk: UInt32, record: UInt32) {
    (chain.prologue.largestChunk, chain.prologue.largestRecord)
  }

  var chunkLimit: Int { limits.chunk }

  @inline(__always)
  private func checkRoom(for size: Int) throws(RecordLogError) {
    guard size <= limits.record else {
      throw failure(.tooLarge(.record, bytes: UInt64(size), limit: UInt64(limits.record)))
    }
    guard next < .max else { throw failure(.unsupported("record number", nextSequence)) }
  }

  private var lingersTooLong: Bool {
    guard output.isLive, let opened = closedChunks.first?.opened ?? chunk.opened else {
      return false
    }
    return monotonicNow() - opened >= options.linger
  }

  func failure(_ problem: RecordLogError.Problem) -> RecordLogError {
    RecordLogError(
      problem, path: path, offset: chain.offset, chunk: chain.chunkIndex, sequence: nextSequence)
  }

}

// MARK: Writing

extension RecordLogWriter {
  /// Prologue and description.
  private func begin() throws(RecordLogError) {
    do throws(RecordLogError.Problem) {
      try output.put(chain.prologue.encoded().rawSpan, at: 0)
    } catch {
      throw failure(error)
    }
    try writeMeta()
    guard options.sync != .never || isSegment, !output.isStream else { return }
    try sync(always: true)
    guard !isSegment else { return }
    do throws(RecordLogError.Problem) { try output.syncName() } catch { throw failure(error) }
  }

  private func add(_ types: [RecordType]) throws(RecordLogError) {
    for type in types {
      let count = UInt64(description.types.count)
      guard description.type(named: type.name) != nil || count < ChunkLayout.typesLimit else {
        throw failure(.tooLarge(.meta, bytes: count + 1, limit: count))
      }
      _ = declare(type.name, encoding: type.encoding)
    }
  }

  private func sealBody(_ places: SegmentSummary) -> [UInt8] {
    var summary = chain.currentSummary()
    summary.indexOffset = places.indexOffset
    summary.indexLength = places.indexLength
    summary.indexHeaderChecksum = places.indexHeaderChecksum
    return summary.encoded()
  }

  /// What waits is not written here any more: the log goes on elsewhere, and what was accepted is
  /// written there.
  func retire() {
    state = .retired
    output.forget()
  }

  func syncIfDue() throws(RecordLogError) {
    if keptBytes >= RecordLogWriter.keptLimit { try sync() }
    guard case .bytes(let most) = options.sync, !output.isStream else { return }
    if chain.offset - durableOffset >= UInt64(max(most.bytes, 1)) { try sync() }
  }

  /// Under ``SyncPolicy/interval(_:)``: commits where the time has come.
  public func commitIfDue() throws(RecordLogError) {
    guard case .interval(let pause) = options.sync, !output.isStream,
      durableSequence < nextSequence, monotonicNow() - lastSync >= pause
    else { return }
    try commit()
  }

  /// A failed sync is final: the system may have dropped the bytes, and would call a second try a
  /// success.
  private func sync(always: Bool = false) throws(RecordLogError) {
    try handOver()
    guard options.sync != .never || always, !output.isStream else { return }
    lastSync = monotonicNow()
    guard durableOffset < chain.offset else { return }
    do throws(RecordLogError.Problem) { try output.sync() } catch {
      retire()
      throw failure(error)
    }
    durableOffset = chain.offset
    durableSequence = chain.nextSequence
    durableEnd = SegmentEnd(chain)
    releaseKept()
  }

  /// Copies what stands behind the last whole chunk aside, and cuts it off.
  private func cutDebris(
    _ recovery: Recovery, into folder: String?
  ) throws(RecordLogError) -> String? {
    do throws(RecordLogError.Problem) {
      let aside = try recovery.copyDebris(into: folder)
      if recovery.debris.isEmpty == false {
        try output.cut(to: chain.offset)
        try output.sync()
      }
      return aside
    } catch {
      throw failure(error)
    }
  }
}

// MARK: Segments of a folder

extension RecordLogWriter {
  /// How much is kept in memory until it is durable.
  static let keptLimit = 64 << 20

  /// Whether nothing can be written here any more, though the log may go on elsewhere.
  var isRetired: Bool { state == .retired }

  /// Whether the segment has taken `size` bytes. What waits is written only where it could make the
  /// difference, so that the answer does not depend on what is packed by now.
  func hasReached(_ size: UInt64) throws(RecordLogError) -> Bool {
    if chain.offset + closedChunks.greatestLength >= size { try writeClosed(leaving: 0) }
    return chain.offset >= size
  }

  /// Whether chunks may wait in memory: not those of a segment that the log might have to go on
  /// without, unless they are kept.
  private var canGather: Bool { !isSegment || options.sync != .never }

  var holdsNothing: Bool { nextSequence == chain.prologue.firstSequence }

  /// Reserves space for the whole segment, so that a full disk shows before records are accepted.
  func reserve() throws(RecordLogError) {
    let chunk = 2 * min(options.chunk.bytes, options.segmentSize.bytes)
    let ends = min(1 << 20, options.segmentSize.bytes)
    do throws(RecordLogError.Problem) {
      try output.reserve(UInt64(options.segmentSize.bytes + chunk + ends))
    } catch {
      throw failure(error)
    }
  }

  /// How the log goes on after this segment: sealed, or retired with what it owes.
  func successor() -> SegmentStart {
    let isCut = state == .retired && options.sync != .never
    let end = isCut ? durableEnd : SegmentEnd(chain)
    var start = SegmentStart(after: end, description: description)
    start.cursor = lastCursor
    start.barrier = lastBarrier
    guard state == .retired else { return start }
    start.closed = ChunkQueue(again: isCut ? kept : [], then: closedChunks)
    start.chunk = chunk
    return start
  }
}

extension RawSpan {
  /// Whether this is a line that lacks the line feed at its end; nil where it is not one line.
  var isOpenLine: Bool? {
    guard let first = unsafe withUnsafeBytes({ unsafe newlineOffset($0) }) else { return true }
    return first == byteCount - 1 && byteCount > 1 ? false : nil
  }
}
