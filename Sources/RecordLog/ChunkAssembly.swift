/// A chunk ready to be written: 128 bytes of header, table, pad, values.
struct ChunkAssembly {
  private(set) var header: ChunkHeader
  private(set) var bytes: [UInt8]

  /// - Parameters:
  ///   - header: linked to its place; lengths and checksums of the body are filled in here.
  ///   - alignment: what the chunk's end is rounded up to, a multiple of 128 up to 4096.
  init(
    _ header: ChunkHeader, table: [UInt8], values: [UInt8], alignment: Int = ChunkLayout.alignment
  ) {
    var header = header
    header.tableStored = UInt32(table.count)
    header.tableRaw = UInt32(table.count)
    header.valuesStored = UInt32(values.count)
    let end = header.offset + header.length
    header.padBytes = Int((UInt64(alignment) - end % UInt64(alignment)) % UInt64(alignment))
    let body = ChunkLayout.headerBytes
    var bytes = [UInt8](repeating: 0, count: body)
    bytes.reserveCapacity(Int(header.length))
    bytes += table
    bytes.append(contentsOf: repeatElement(0, count: header.padBytes))
    header.tableChecksum = Checksum.masked(bytes.rawSpan.extracting(droppingFirst: body))
    header.valuesChecksum = Checksum.masked(values.rawSpan)
    if header.valuesRaw == 0 { header.rawChecksum = Checksum().masked }
    bytes += values
    bytes.replaceSubrange(0..<body, with: header.encode())
    self.header = header
    self.bytes = bytes
  }

  var encodedHeader: [UInt8] { [UInt8](bytes.prefix(ChunkLayout.headerBytes)) }
}
