import Bytes
import Foundation

/// Writes a record log, to a file or to a stream.
///
/// Records gather in an open chunk. A full chunk is written by itself; ``commit()`` writes what
/// there is and makes it durable. Only ``finish()`` seals a log: a writer that goes away otherwise
/// leaves a log that can be read up to the last whole chunk and appended to, and records since then
/// are not in it.
///
/// An append that throws leaves no trace of its record. Records accepted before it stay in the open
/// chunk; after a failed write (a full disk, say) the file is cut back to whole chunks and they go
/// out with the next commit that succeeds. After a failed sync the writer is of no further use.
public final class RecordLogWriter {
  public internal(set) var path: String
  /// What was found in the file, where the writer continues one.
  public private(set) var recovered: RecoveredLog?
  public private(set) var description: LogDescription
  /// Records below this survive a power cut.
  public private(set) var durableSequence: UInt64
  private let options: RecordLogOptions
  private let output: LogOutput
  private var chain: SegmentChain
  private var chunk = OpenChunk()
  private var index: [UInt8] = []
  private var durableOffset: UInt64 = 0
  private var cursor: UInt64 = 0
  /// Whether a META chunk must come before anything else: at the start of every session, and when
  /// a type was added.
  private var owesMeta = true
  private var isFirstChunk = true
  private var state = State.open
  /// Whether this is one of the segments of a folder, whose start and end are synced under every
  /// policy and whose undurable chunks are kept.
  let isSegment: Bool
  /// Chunks from an earlier segment that go out before anything else.
  private var backlog: [KeptChunk] = []
  /// What was written since the last sync.
  private var kept: [KeptChunk] = []
  private var keptBytes = 0
  /// Where the segment stood at the last sync.
  private var durableEnd: SegmentEnd
  private var lastSync = ContinuousClock.now

  private enum State { case open, retired, ended }

  /// Creates the file, which must not exist. Its name and description are durable on return.
  public init(creating path: String, options: RecordLogOptions = .init()) throws(RecordLogError) {
    self.path = path
    self.options = options
    isSegment = false
    do throws(RecordLogError.Problem) {
      output = try LogOutput(creating: path, files: options.files)
    } catch {
      throw RecordLogError(error, path: path)
    }
    chain = SegmentChain(options.prologue)
    description = options.description
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
    self.options = options
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
    durableSequence = chain.prologue.firstSequence
    durableEnd = SegmentEnd(chain)
    cursor = chain.lastCursor
    var found = recovery.found
    found.debris = try cutDebris(recovery, into: debrisFolder)
    recovered = found
    try sync()
    try add(options.types)
  }

  /// Continues the log where there is one; creates it where there is none, or where a crash came
  /// before anything could be in it.
  public static func continuing(
    _ path: String, options: RecordLogOptions = .init()
  ) throws(RecordLogError) -> RecordLogWriter {
    do throws(RecordLogError.Problem) {
      try LogOutput.removeStub(path)
    } catch {
      throw RecordLogError(error, path: path)
    }
    guard unsafe access(path, F_OK) == 0 else {
      return try RecordLogWriter(creating: path, options: options)
    }
    return try RecordLogWriter(appendingTo: path, options: options)
  }

  /// Writes to a descriptor, front to back. The descriptor stays the caller's, who closes it after
  /// ``finish()``.
  public init(
    streamingTo descriptor: Int32, name: String = "stream", options: RecordLogOptions = .init()
  ) throws(RecordLogError) {
    path = name
    self.options = options
    isSegment = false
    do throws(RecordLogError.Problem) {
      output = try LogOutput(streamingTo: descriptor, name: name)
    } catch {
      throw RecordLogError(error, path: name)
    }
    chain = SegmentChain(options.prologue)
    description = options.description
    durableSequence = chain.nextSequence
    durableEnd = SegmentEnd(chain)
    try begin()
  }

  /// Creates a segment of a folder as `part`; the caller gives it the name `path`.
  init(
    segment path: String, creating part: String, _ start: SegmentStart, options: RecordLogOptions
  ) throws(RecordLogError) {
    self.path = path
    self.options = options
    isSegment = true
    do throws(RecordLogError.Problem) {
      output = try LogOutput(creating: part, named: path, files: options.files)
    } catch {
      throw RecordLogError(error, path: path)
    }
    chain = SegmentChain(start.prologue)
    chain.inherit(cursor: start.durableCursor)
    description = start.description
    durableSequence = chain.nextSequence
    durableEnd = SegmentEnd(chain)
    backlog = start.backlog
    chunk = start.chunk
    cursor = start.cursor
    try reserve()
    try begin()
  }
}

// MARK: Appending

extension RecordLogWriter {
  /// The sequence number that the next record will get.
  public var nextSequence: UInt64 {
    let waiting = backlog.reduce(0) { $0 + UInt64($1.header.recordCount) }
    return chain.nextSequence + waiting + UInt64(chunk.count)
  }

  /// The position in the input after the last record appended or mark made; 0 where none was given.
  public var lastCursor: UInt64 { cursor }

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
    try requireOpen()
    let type = type ?? description.types.first?.id ?? 0
    let isLine = try isLine(type)
    let lacksNewline = isLine ? try self.lacksNewline(record) : false
    let size = record.byteCount + (lacksNewline ? 1 : 0)
    try checkRoom(for: size)
    if chunk.isFull(before: size, limit: chunkLimit) || lingersTooLong {
      try writeChunk()
      try syncIfDue()
    }
    try commitIfDue()
    let sequence = nextSequence
    chunk.append(record, addingNewline: lacksNewline, type: type, isLine: isLine)
    if let cursor { self.cursor = cursor }
    return sequence
  }

  /// Declares a type and returns its id; the one it has where the name is known.
  /// - Parameter wanted: the id that it gets where that is free.
  public func declare(
    _ name: String, encoding: RecordType.Encoding = .json, preferring wanted: UInt16? = nil
  ) -> UInt16 {
    if let known = description.type(named: name) { return known.id }
    precondition(description.types.count < ChunkLayout.typesLimit, "too many record types")
    let taken = Set(description.types.map(\.id))
    let isFree = wanted.map { (1..<ChunkLayout.mixedTypes).contains($0) && !taken.contains($0) }
    let free = (1..<ChunkLayout.mixedTypes).first { !taken.contains($0) } ?? 0
    let id = isFree == true ? wanted ?? free : free
    description.types.append(RecordType(id: id, name: name, encoding: encoding))
    owesMeta = true
    return id
  }

  /// Writes the open chunk, and makes everything durable unless the policy is never to.
  public func commit() throws(RecordLogError) {
    try requireOpen()
    try writeChunk(alignment: commitAlignment)
    try sync()
  }

  /// Writes the open chunk without making it durable: on a stream, what is appended can be read.
  public func flush() throws(RecordLogError) {
    try requireOpen()
    try writeChunk()
  }

  /// Makes it durable that the input has been read up to `cursor`, even where no record came of it.
  public func mark(cursor: UInt64) throws(RecordLogError) {
    try requireOpen()
    self.cursor = cursor
    if chunk.isEmpty {
      try writeBacklog()
      try writeMeta()
      keep(try write(ChunkHeader(kind: .mark), alignment: commitAlignment))
    }
    try commit()
  }

  /// Writes what is open, the index and the seal. Nothing can be appended any more.
  public func finish() throws(RecordLogError) { try finish(isLast: true) }

  /// - Parameter isLast: whether no further segment is meant to follow.
  func finish(isLast: Bool) throws(RecordLogError) {
    try requireOpen()
    try writeChunk()
    try writeMeta()
    try sync(always: isSegment)
    var summary = SegmentSummary()
    if !index.isEmpty {
      summary.indexOffset = chain.offset
      let header = try write(ChunkHeader(kind: .index), table: index)
      summary.indexLength = UInt32(header.length)
      summary.indexHeaderChecksum = header.checksum
    }
    var seal = ChunkHeader(kind: .seal)
    if !isLast { seal.flags.insert(.continues) }
    try write(seal, table: sealBody(summary))
    try sync(always: isSegment)
    state = .ended
    // Gives back the space that was reserved; that it stays reserved would be no harm.
    if isSegment { try? output.cut(to: chain.offset) }
  }

  /// Ends a stream with the reason why there is no more to come. For a file, too, this is the end:
  /// one that shall be continued is simply left.
  public func abort(_ reason: String) throws(RecordLogError) {
    try requireOpen()
    try writeChunk()
    let json = (try? JSONEncoder().encode(["error": reason])).map { [UInt8]($0) } ?? []
    try write(ChunkHeader(kind: .abort), table: json)
    try sync()
    state = .ended
  }
}

// MARK: Checks

extension RecordLogWriter {
  private func requireOpen() throws(RecordLogError) {
    switch state {
    case .open: return
    case .retired: throw failure(.retired)
    case .ended: throw failure(.alreadyEnded)
    }
  }

  private func isLine(_ type: UInt16) throws(RecordLogError) -> Bool {
    guard type != 0 else { return false }
    guard let declared = description.type(type) else { throw failure(.unknownType(type)) }
    return declared.encoding == .json
  }

  private func lacksNewline(_ record: RawSpan) throws(RecordLogError) -> Bool {
    let count = record.byteCount
    let first = unsafe record.withUnsafeBytes { unsafe $0.firstIndex(of: newline) }
    guard let first else { return true }
    guard first == count - 1, count > 1 else { throw failure(.notOneLine) }
    return false
  }

  /// The most bytes that a chunk decodes to here, and that a record has.
  var promises: (chunk: UInt32, record: UInt32) {
    (chain.prologue.largestChunk, chain.prologue.largestRecord)
  }

  /// The file that is continued may have promised less than the options allow.
  private var chunkLimit: Int { min(options.chunk.bytes, Int(chain.prologue.largestChunk)) }

  private func checkRoom(for size: Int) throws(RecordLogError) {
    let limit = UInt64(min(chain.prologue.largestRecord, chain.prologue.largestChunk))
    guard size <= limit else {
      throw failure(.tooLarge(.record, bytes: UInt64(size), limit: limit))
    }
    guard nextSequence < .max else { throw failure(.unsupported("record number", nextSequence)) }
  }

  private var lingersTooLong: Bool {
    guard output.isStream, let opened = chunk.opened else { return false }
    return ContinuousClock.now - opened > options.linger
  }

  private func failure(_ problem: RecordLogError.Problem) -> RecordLogError {
    RecordLogError(
      problem, path: path, offset: chain.offset, chunk: chain.chunkIndex, sequence: nextSequence)
  }

  private var commitAlignment: Int {
    let isPadded = !output.isStream && options.sync != .never
    return isPadded ? ChunkLayout.commitAlignment : ChunkLayout.alignment
  }
}

// MARK: Writing

extension RecordLogWriter {
  /// Prologue and description.
  private func begin() throws(RecordLogError) {
    do throws(RecordLogError.Problem) { try output.put(chain.prologue.encoded(), at: 0) } catch {
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

  private func writeMeta() throws(RecordLogError) {
    guard owesMeta else { return }
    let json: [UInt8]
    do throws(RecordLogError.Problem) { json = try description.encoded() } catch {
      throw failure(error)
    }
    try write(ChunkHeader(kind: .meta), table: json)
    owesMeta = false
  }

  private func writeChunk(alignment: Int = ChunkLayout.alignment) throws(RecordLogError) {
    try writeBacklog()
    guard !chunk.isEmpty else { return }
    try writeMeta()
    var header = ChunkHeader(kind: .data)
    let (table, values) = chunk.pack(into: &header, blockSize: options.blockSize)
    let written = try write(header, table: table, values: values, alignment: alignment)
    index += IndexEntry(written).encoded()
    chain.noteLargestRecord(UInt32(chunk.largestRecord))
    keep(written, table: table, values: values, largestRecord: chunk.largestRecord)
    chunk.clear()
  }

  /// Writes the chunks again that an earlier segment could not make durable.
  private func writeBacklog() throws(RecordLogError) {
    while let next = backlog.first {
      try writeMeta()
      let written = try place(
        next.header, table: next.table, values: next.values, alignment: ChunkLayout.alignment)
      if written.kind == .data { index += IndexEntry(written).encoded() }
      chain.noteLargestRecord(UInt32(next.largestRecord))
      keep(
        written, table: next.table, values: next.values, largestRecord: next.largestRecord)
      backlog.removeFirst()
    }
  }

  /// Holds on to what a failed sync would lose.
  private func keep(
    _ header: ChunkHeader, table: [UInt8] = [], values: [UInt8] = [], largestRecord: Int = 0
  ) {
    guard isSegment, options.sync != .never else { return }
    kept.append(
      KeptChunk(header: header, table: table, values: values, largestRecord: largestRecord))
    keptBytes += table.count + values.count
  }

  private func sealBody(_ places: SegmentSummary) -> [UInt8] {
    var summary = chain.currentSummary()
    summary.indexOffset = places.indexOffset
    summary.indexLength = places.indexLength
    summary.indexHeaderChecksum = places.indexHeaderChecksum
    return summary.encoded()
  }

  @discardableResult
  private func write(
    _ header: ChunkHeader, table: [UInt8] = [], values: [UInt8] = [],
    alignment: Int = ChunkLayout.alignment
  ) throws(RecordLogError) -> ChunkHeader {
    var header = header
    header.time = options.clock()
    // A description comes before the records that wait, whose cursor it must not anticipate.
    header.inputCursor = header.kind == .meta ? chain.lastCursor : cursor
    header.inputTag = options.inputTag
    return try place(header, table: table, values: values, alignment: alignment)
  }

  /// Writes a chunk whose header lacks only what follows from its place.
  private func place(
    _ header: ChunkHeader, table: [UInt8], values: [UInt8], alignment: Int
  ) throws(RecordLogError) -> ChunkHeader {
    var header = header
    chain.link(&header)
    header.durableOffset = durableOffset
    header.padBytes = 0
    if isFirstChunk {
      header.flags.insert(.sessionStart)
    } else {
      header.flags.remove(.sessionStart)
    }
    let assembly = ChunkAssembly(header, table: table, values: values, alignment: alignment)
    do throws(RecordLogError.Problem) {
      try output.put(assembly.bytes, at: chain.offset)
    } catch {
      retreat()
      throw failure(error)
    }
    isFirstChunk = false
    chain.accept(assembly.header, encoded: assembly.encodedHeader.rawSpan)
    return assembly.header
  }

  /// Writes a chunk that another log stored. Only its header is made anew: of what stands behind it
  /// every byte and every checksum stays.
  func place(
    _ stored: StoredChunk, type: UInt16, cursor: UInt64?
  ) throws(RecordLogError) {
    try flush()
    try writeMeta()
    if let cursor { self.cursor = cursor }
    var header = stored.header
    chain.link(&header)
    header.type = type
    header.flags.remove([.barrier, .sessionStart])
    header.durableOffset = durableOffset
    header.inputCursor = self.cursor
    header.inputTag = options.inputTag
    let encoded = header.encode()
    do throws(RecordLogError.Problem) {
      try output.put(encoded + stored.body, at: chain.offset)
    } catch {
      retreat()
      throw failure(error)
    }
    chain.accept(header, encoded: encoded.rawSpan)
    index += IndexEntry(header).encoded()
    chain.noteLargestRecord(stored.largestRecord)
    try syncIfDue()
  }

  /// After a failed write: whole chunks only stay in the file. Where that cannot be had, or part
  /// of a chunk went down a stream, there is no going on.
  private func retreat() {
    guard !output.isStream, (try? output.cut(to: chain.offset)) != nil else {
      state = .retired
      return
    }
  }

  private func syncIfDue() throws(RecordLogError) {
    if keptBytes >= RecordLogWriter.keptLimit { try sync() }
    guard case .bytes(let most) = options.sync, !output.isStream else { return }
    if chain.offset - durableOffset >= UInt64(max(most.bytes, 1)) { try sync() }
  }

  /// Under ``SyncPolicy/interval(_:)``: commits where the time has come.
  public func commitIfDue() throws(RecordLogError) {
    guard case .interval(let pause) = options.sync, !output.isStream,
      durableSequence < nextSequence, ContinuousClock.now - lastSync >= pause
    else { return }
    try commit()
  }

  /// A failed sync is final: the system may have dropped the bytes, and would call a second try a
  /// success.
  private func sync(always: Bool = false) throws(RecordLogError) {
    guard options.sync != .never || always, !output.isStream else { return }
    lastSync = ContinuousClock.now
    guard durableOffset < chain.offset else { return }
    do throws(RecordLogError.Problem) { try output.sync() } catch {
      state = .retired
      throw failure(error)
    }
    durableOffset = chain.offset
    durableSequence = chain.nextSequence
    durableEnd = SegmentEnd(chain)
    kept.removeAll()
    keptBytes = 0
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

  var storedBytes: UInt64 { chain.offset }

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
    start.cursor = cursor
    guard state == .retired else { return start }
    start.backlog = (isCut ? kept : []) + backlog
    start.chunk = chunk
    return start
  }
}
