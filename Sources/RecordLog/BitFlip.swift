import Bytes

/// One bit that a checksum says is wrong.
public struct BitFlip: Hashable, Sendable {
  /// Bytes from the start of the input.
  public var place: UInt64
  /// From the lowest, 0, to the highest, 7.
  public var bit: Int

  /// The only bit of `bytes` whose change would give them the checksum `stored`, if there is one.
  ///
  /// CRC-32C is linear: a changed bit changes the checksum by a value that depends on the bit's
  /// distance from the end alone, and no two distances below 2^31 bits share one. Takes one step per
  /// bit.
  static func correcting(
    _ bytes: RawSpan, to stored: UInt32, at place: UInt64
  ) -> BitFlip? {
    let turned = stored &- 0xA282_EAD8
    let wanted = (turned << 15) | (turned >> 17)
    let difference = wanted ^ Checksum(bytes).plain
    let polynomial: UInt32 = 0x82F6_3B78
    var syndrome = polynomial
    for distance in 0..<8 * bytes.byteCount {
      if syndrome == difference {
        let offset = bytes.byteCount - 1 - distance / 8
        return BitFlip(place: place + UInt64(offset), bit: 7 - distance % 8)
      }
      syndrome = syndrome & 1 == 1 ? (syndrome >> 1) ^ polynomial : syndrome >> 1
    }
    return nil
  }
}

extension BitFlip {
  /// Looks for the one wrong bit of the chunk at `place`: in its header, else in its table, else in
  /// its values. Nil where nothing is wrong, or more than a bit.
  public static func find(inChunkAt place: UInt64, of path: String) throws(RecordLogError)
    -> BitFlip?
  {
    let input: LogInput
    do throws(FileError) { input = try LogInput(path: path) } catch {
      throw RecordLogError(.file(error), path: path)
    }
    do throws(RecordLogError.Problem) { return try find(in: input, at: place) } catch {
      throw RecordLogError(error, path: path, offset: place)
    }
  }

  private static func find(
    in input: LogInput, at place: UInt64
  ) throws(RecordLogError.Problem) -> BitFlip? {
    var bytes: [UInt8] = []
    let count = try input.read(at: place, count: ChunkLayout.headerBytes, into: &bytes)
    guard count == ChunkLayout.headerBytes else { return nil }
    let head = bytes.rawSpan.extracting(first: count)
    guard let header = ChunkHeader(anywhere: head) else { return inHeader(head, at: place) }
    let table = place + UInt64(ChunkLayout.headerBytes)
    let tableBytes = Int(header.tableStored) + header.padBytes
    let values = table + UInt64(tableBytes)
    if let flip = try inPart(table, tableBytes, header.tableChecksum, of: input) { return flip }
    return try inPart(values, Int(header.valuesStored), header.valuesChecksum, of: input)
  }

  private static func inHeader(_ bytes: RawSpan, at place: UInt64) -> BitFlip? {
    let end = ChunkLayout.checksumOffset
    let word = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: end, as: UInt32.self)
    let stored = UInt32(littleEndian: word)
    let body = bytes.extracting(0..<end)
    let difference = stored ^ Checksum.masked(body)
    // The checksum itself may be what is wrong.
    if difference.nonzeroBitCount == 1 {
      let bit = difference.trailingZeroBitCount
      return BitFlip(place: place + UInt64(end + bit / 8), bit: bit % 8)
    }
    return correcting(body, to: stored, at: place)
  }

  private static func inPart(
    _ place: UInt64, _ count: Int, _ stored: UInt32, of input: LogInput
  ) throws(RecordLogError.Problem) -> BitFlip? {
    var bytes: [UInt8] = []
    guard try input.read(at: place, count: count, into: &bytes) == count else { return nil }
    let part = bytes.rawSpan.extracting(first: count)
    guard Checksum.masked(part) != stored else { return nil }
    return correcting(part, to: stored, at: place)
  }
}
