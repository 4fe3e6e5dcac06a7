/// A chunk in the form it is written in.
///
///     | room | header (128) | table | pad | values |
///
/// Values are packed to where they stay. The pad before them depends on their length and on the
/// chunk's place, so table and header move up against them when the place is known; they may do so
/// again for another place.
final class ChunkAssembly {
  /// All of it but its place until ``assemble(alignment:)``.
  var header: ChunkHeader
  private(set) var largestRecord = 0
  private let memory = ByteStore()
  /// Where values begin in ``memory``, and where the table does.
  private var valuesStart = 0
  private var tableStart = 0

  /// The most bytes that an alignment can ask for.
  private static let greatestPad = ChunkLayout.commitAlignment

  init(_ header: ChunkHeader) { self.header = header }

  /// A chunk of finished parts.
  convenience init(_ header: ChunkHeader, table: [UInt8], values: [UInt8] = []) {
    self.init(header)
    unsafe table.withUnsafeBytes { table in
      unsafe values.withUnsafeBytes { values in
        unsafe fill(table: table, room: values.count) { out in
          unsafe out.copyMemory(from: values)
          return values.count
        }
      }
    }
    if header.valuesRaw == 0 { self.header.rawChecksum = Checksum().masked }
  }

  /// Takes in the records of `chunk`, which was closed.
  func pack(_ chunk: OpenChunk, blockSize: BlockSize) {
    largestRecord = chunk.largestRecord
    let raw = unsafe chunk.bytes
    let room = unsafe raw.isEmpty ? 0 : LZ4Frame.room(for: raw.count, blockSize: blockSize)
    unsafe fill(table: chunk.tableBytes, room: room) { out in
      unsafe raw.isEmpty ? 0 : LZ4Frame.encode(raw, blockSize: blockSize, to: out)
    }
  }

  /// - Parameter encode: writes the values to the front of what it is lent; returns their length.
  private func fill(
    table: UnsafeRawBufferPointer, room: Int, _ encode: (UnsafeMutableRawBufferPointer) -> Int
  ) {
    valuesStart = ChunkLayout.headerBytes + table.count + Self.greatestPad
    tableStart = valuesStart - table.count
    header.tableStored = UInt32(table.count)
    header.tableRaw = UInt32(table.count)
    unsafe memory.refill(valuesStart + room) { all in
      unsafe UnsafeMutableRawBufferPointer(rebasing: all[tableStart...]).copyMemory(from: table)
      let out = unsafe UnsafeMutableRawBufferPointer(rebasing: all[valuesStart...])
      let count = unsafe encode(out)
      header.valuesStored = UInt32(count)
      var checksum = Checksum()
      unsafe checksum.add(UnsafeRawBufferPointer(rebasing: out[..<count]))
      header.valuesChecksum = checksum.masked
    }
  }

  /// Completes the chunk for its place, to which ``header`` has been linked.
  ///
  /// - Parameter alignment: what its end is rounded up to, a multiple of 128 up to 4096.
  func assemble(alignment: Int = ChunkLayout.alignment) {
    header.padBytes = 0
    let end = header.offset + header.length
    header.padBytes = Int((UInt64(alignment) - end % UInt64(alignment)) % UInt64(alignment))
    let tableBytes = Int(header.tableStored)
    let body = valuesStart - header.padBytes - tableBytes
    unsafe memory.withMutableBytes { all in
      let table = unsafe UnsafeRawBufferPointer(rebasing: all[tableStart..<tableStart + tableBytes])
      unsafe UnsafeMutableRawBufferPointer(rebasing: all[body...]).copyMemory(from: table)
      let pad = unsafe UnsafeMutableRawBufferPointer(rebasing: all[body + tableBytes..<valuesStart])
      unsafe pad.initializeMemory(as: UInt8.self, repeating: 0)
      var checksum = Checksum()
      unsafe checksum.add(UnsafeRawBufferPointer(rebasing: all[body..<valuesStart]))
      header.tableChecksum = checksum.masked
      let front = body - ChunkLayout.headerBytes
      unsafe UnsafeMutableRawBufferPointer(rebasing: all[front...]).copyBytes(from: header.encode())
    }
    tableStart = body
  }

  /// Lends the assembled chunk.
  func withBytes<R, E>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
    let start = tableStart - ChunkLayout.headerBytes
    let all = unsafe memory.bytes
    let chunk = unsafe UnsafeRawBufferPointer(rebasing: all[start..<start + Int(header.length)])
    return try body(unsafe RawSpan(_unsafeBytes: chunk))
  }

  /// Whether much more memory is held than the chunk takes.
  var isLoose: Bool { memory.capacity > 2 * Int(header.length) + 2 * Self.greatestPad }

  /// A copy that holds no more memory than it needs.
  func compacted() -> ChunkAssembly {
    let copy = ChunkAssembly(header)
    copy.largestRecord = largestRecord
    let all = unsafe memory.bytes
    let tableEnd = tableStart + Int(header.tableStored)
    let valuesEnd = valuesStart + Int(header.valuesStored)
    unsafe copy.fill(
      table: .init(rebasing: all[tableStart..<tableEnd]), room: valuesEnd - valuesStart
    ) { out in
      unsafe out.copyMemory(from: .init(rebasing: all[valuesStart..<valuesEnd]))
      return valuesEnd - valuesStart
    }
    return copy
  }

  /// Gives up memory beyond `most` bytes before it is used for another chunk.
  func clear(keeping most: Int) { memory.removeAll(keeping: most) }
}
