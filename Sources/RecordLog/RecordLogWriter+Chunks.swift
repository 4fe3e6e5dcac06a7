import Bytes

// From the open chunk to the file: closed, packed, written in order, kept until it is durable.
extension RecordLogWriter {
  /// How many bytes of records may wait, closed, for their turn.
  private var mostWaiting: Int { options.packing.mostWaiting(chunk: chunkLimit) }

  /// As many chunks as may wait, and one.
  private var mostSpare: Int { mostWaiting / max(chunkLimit, 1) + 1 }

  /// Closes the open chunk and writes what is ready; everything, unless it was closed because it
  /// is full.
  func writeChunk(_ reason: ClosedChunk.Reason) throws(RecordLogError) {
    // Where this fails the open chunk stays open: no more than so much ever waits.
    try writeClosed(leaving: max(mostWaiting - chunk.byteCount, 0))
    if !chunk.isEmpty { try close(reason) }
    try writeClosed(leaving: reason == .full ? mostWaiting : 0)
  }

  private func close(_ reason: ClosedChunk.Reason) throws(RecordLogError) {
    let meta = try owedMeta()
    var header = ChunkHeader(kind: .data)
    stamp(&header)
    chunk.close(&header)
    let assembly = spareAssemblies.popLast() ?? ChunkAssembly(header)
    assembly.header = header
    let closed = ClosedChunk(
      chunk, in: assembly, reason: reason,
      alignment: reason == .commit ? commitAlignment : ChunkLayout.alignment,
      blockSize: options.blockSize)
    closed.meta = meta
    owesMeta = false
    closedChunks.append(closed)
    guard options.packing.threads > 0 else {
      // At once, so that the same memory is used again while it is in the cache.
      closed.pack(chunk)
      return chunk.clear(keeping: 2 * chunkLimit)
    }
    let source = spareChunks.popLast() ?? OpenChunk()
    chunk.move(to: source)
    closed.take(source)
    options.packing.submit(closed)
  }

  /// Writes closed chunks in their order: those that are packed, and others until no more than
  /// `most` bytes of records wait.
  func writeClosed(leaving most: Int) throws(RecordLogError) {
    while let next = closedChunks.first {
      guard closedChunks.byteCount > most || most == 0 || options.packing.isDone(next) else {
        return
      }
      options.packing.finish(next)
      try writeFirst(next)
      if next.reason == .full { try syncIfDue() }
    }
  }

  private func writeFirst(_ next: ClosedChunk) throws(RecordLogError) {
    if next.meta == nil, isMetaDue { next.meta = try encodedDescription() }
    if let meta = next.meta {
      try write(.meta, table: meta)
      next.meta = nil
    }
    let assembly = next.assembly
    try place(assembly, alignment: next.alignment)
    if assembly.header.kind == .data { index += IndexEntry(assembly.header).encoded() }
    chain.noteLargestRecord(UInt32(assembly.largestRecord))
    closedChunks.removeFirst()
    if let source = next.takeSource(), spareChunks.count <= mostSpare {
      source.clear(keeping: 2 * chunkLimit)
      spareChunks.append(source)
    }
    keep(assembly)
  }

  /// Holds on to what a failed sync would lose.
  func keep(_ assembly: ChunkAssembly) {
    guard isSegment, options.sync != .never else { return reuse(assembly) }
    keptBytes += Int(assembly.header.length)
    guard assembly.isLoose else { return kept.append(assembly) }
    kept.append(assembly.compacted())
    reuse(assembly)
  }

  /// What is durable need not be kept any longer.
  func releaseKept() {
    for assembly in kept { reuse(assembly) }
    kept.removeAll(keepingCapacity: true)
    keptBytes = 0
  }

  private func reuse(_ assembly: ChunkAssembly) {
    guard spareAssemblies.count <= mostSpare else { return }
    assembly.clear(keeping: 2 * chunkLimit + ChunkLayout.inputStep)
    spareAssemblies.append(assembly)
  }

  /// The description, where it is to come before anything else.
  private func owedMeta() throws(RecordLogError) -> [UInt8]? {
    guard owesMeta else { return nil }
    return try encodedDescription()
  }

  private func encodedDescription() throws(RecordLogError) -> [UInt8] {
    do throws(RecordLogError.Problem) { return try description.encoded() } catch {
      throw failure(error)
    }
  }

  func writeMeta() throws(RecordLogError) {
    guard let json = try owedMeta() else { return }
    try write(.meta, table: json)
    owesMeta = false
  }

  /// Time and input position, as of now.
  private func stamp(_ header: inout ChunkHeader) {
    header.time = options.clock()
    // A description comes before the records that wait, whose cursor it must not anticipate.
    header.inputCursor = header.kind == .meta ? chain.lastCursor : lastCursor
    header.inputTag = options.inputTag
  }

  /// Writes a chunk without records.
  @discardableResult
  func write(
    _ kind: ChunkKind, flags: ChunkFlags = [], table: [UInt8] = [],
    alignment: Int = ChunkLayout.alignment
  ) throws(RecordLogError) -> ChunkAssembly {
    var header = ChunkHeader(kind: kind)
    header.flags = flags
    stamp(&header)
    let assembly = ChunkAssembly(header, table: table)
    try place(assembly, alignment: alignment)
    return assembly
  }

  /// Writes a chunk that lacks only what follows from its place.
  private func place(_ assembly: ChunkAssembly, alignment: Int) throws(RecordLogError) {
    chain.link(&assembly.header)
    assembly.header.durableOffset = durableOffset
    if isFirstChunk {
      assembly.header.flags.insert(.sessionStart)
    } else {
      assembly.header.flags.remove(.sessionStart)
    }
    assembly.assemble(alignment: alignment)
    do throws(RecordLogError.Problem) {
      try assembly.withBytes { bytes throws(RecordLogError.Problem) in
        // Only chunks of records wait: each other call is done when it returns, or left no trace.
        try output.put(bytes, at: chain.offset, mayWait: assembly.header.kind == .data)
      }
    } catch {
      retreat()
      throw failure(error)
    }
    isFirstChunk = false
    noteWritten(assembly.header.kind)
    assembly.withBytes { bytes in
      chain.accept(assembly.header, encoded: bytes.extracting(first: ChunkLayout.headerBytes))
    }
  }

  /// Writes a chunk that another log stored. Only its header is made anew: of what stands behind it
  /// every byte and every checksum stays.
  func place(
    _ stored: StoredChunk, type: UInt16, cursor: UInt64?
  ) throws(RecordLogError) {
    try writeChunk(.flush)
    if isMetaDue { owesMeta = true }
    try writeMeta()
    var header = stored.header
    chain.link(&header)
    header.type = type
    header.flags.remove([.barrier, .sessionStart])
    header.durableOffset = durableOffset
    header.inputCursor = cursor ?? lastCursor
    header.inputTag = options.inputTag
    let encoded = header.encode()
    let bytes = encoded + stored.body
    do throws(RecordLogError.Problem) {
      try output.put(bytes.rawSpan, at: chain.offset, mayWait: true)
    } catch {
      retreat()
      throw failure(error)
    }
    chain.accept(header, encoded: encoded.rawSpan)
    noteWritten(.data)
    notePassed(stored.count, cursor)
    index += IndexEntry(header).encoded()
    chain.noteLargestRecord(stored.largestRecord)
    try syncIfDue()
  }

  /// Writes the chunks that wait in memory for others.
  func handOver() throws(RecordLogError) {
    do throws(RecordLogError.Problem) { try output.handOver() } catch {
      retreat()
      throw failure(error)
    }
  }

  /// After a failed write: whole chunks only stay in the file. Where that cannot be had, or part
  /// of a chunk went down a stream, there is no going on.
  private func retreat() {
    guard !output.isStream, (try? output.cutBack()) != nil else { return retire() }
  }

  var commitAlignment: Int {
    let isPadded = !output.isStream && options.sync != .never
    return isPadded ? ChunkLayout.commitAlignment : ChunkLayout.alignment
  }
}
