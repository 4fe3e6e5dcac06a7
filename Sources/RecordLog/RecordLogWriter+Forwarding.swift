import Bytes

extension RecordLogWriter {
  /// Appends the records of another log's chunk without unpacking them: table and values stay as they
  /// are stored, and so do their checksums and the time of the chunk. Records are numbered anew.
  ///
  /// What is open is written first. Costs a pass of CRC-32C over the stored bytes.
  /// - Parameters:
  ///   - type: that of this log's which stands for the chunk's; nil where the chunk's own ids mean the
  ///     same here.
  ///   - cursor: as in ``append(_:type:cursor:)-([UInt8],_,_)``.
  /// - Returns: false where this log cannot hold the chunk as it is; then nothing was written.
  /// - Throws: also where the bytes in hand are not what their checksums say.
  public func append(
    _ chunk: StoredChunk, type: UInt16? = nil, cursor: UInt64? = nil
  ) throws(RecordLogError) -> Bool {
    seize()
    defer { release() }
    guard canHold(chunk, as: type) else { return false }
    do throws(RecordLogError.Problem) { try chunk.check() } catch {
      throw RecordLogError(error, path: path, sequence: nextSequence)
    }
    try place(chunk, type: type ?? chunk.header.type, cursor: cursor)
    return true
  }

  private func canHold(_ chunk: StoredChunk, as type: UInt16?) -> Bool {
    let isMixed = chunk.header.type == ChunkLayout.mixedTypes
    let types = type.map { [$0] } ?? chunk.types
    guard type == nil || !isMixed, !isSegment else { return false }
    let areKnown = types.allSatisfy { id in
      guard id != 0 else { return true }
      guard let encoding = description.type(id)?.encoding else { return false }
      // What is declared as lines must be lines.
      return encoding != .json || chunk.header.flags.contains(.newline) || isMixed
    }
    return areKnown && chunk.header.valuesRaw <= promises.chunk
      && chunk.largestRecord <= promises.record && chunk.count > 0
      && nextSequence < .max - UInt64(chunk.count)
  }
}

extension RecordCopier {
  /// Appends all records of a chunk: as they are stored, where the two logs agree on the types and
  /// the output may hold the chunk; else one by one.
  /// - Parameter description: of the log that the chunk comes from.
  public func append(
    _ chunk: StoredChunk, of description: LogDescription?, from path: String,
    cursor: UInt64? = nil
  ) throws(RecordLogError) {
    let isMixed = chunk.header.type == ChunkLayout.mixedTypes
    let wanted = Array(chunk.types)
    var types: [UInt16] = []
    for id in wanted { types.append(try type(id, of: description)) }
    if !isMixed || types == wanted,
      try writer.append(chunk, type: isMixed ? nil : types.first, cursor: cursor)
    {
      count += UInt64(chunk.count)
      return
    }
    try append(
      chunk, from: chunk.header.firstSequence, of: description, path: path, cursor: cursor)
  }

  /// Appends the records of a chunk one by one, from the one with the number `start` on.
  func append(
    _ chunk: StoredChunk, from start: UInt64, of description: LogDescription?, path: String,
    cursor: UInt64?
  ) throws(RecordLogError) {
    let records: RecordChunk
    do throws(RecordLogError.Problem) { records = try chunk.decoded() } catch {
      throw RecordLogError(
        error, path: path, offset: chunk.header.offset, chunk: chunk.header.chunkIndex,
        sequence: chunk.header.firstSequence)
    }
    for index in 0..<records.count where records.sequence(index) >= start {
      // The cursor stands behind the chunk's last record.
      let isLast = index + 1 == chunk.count
      try append(records, index, of: description, cursor: isLast ? cursor : nil)
    }
  }

  /// Appends one record of a decoded chunk.
  public func append(
    _ records: RecordChunk, _ index: Int, of description: LogDescription?, cursor: UInt64? = nil
  ) throws(RecordLogError) {
    let type = try self.type(records.type(index), of: description)
    try writer.append(records.record(index), type: type, cursor: cursor)
    count += 1
  }
}
