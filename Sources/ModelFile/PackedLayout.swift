import Bytes

/// Where things stand in a packed file; `ModelFile.docc/PackedModel.md` says the same in prose.
enum PackedLayout {
  static let magic: [UInt8] = Array("SYNPOPKM".utf8)
  static let endMagic: [UInt8] = Array("SYNPOEND".utf8)
  static let version: UInt32 = 1

  static let headerBytes = 64
  static let trailerBytes = 16

  /// Where the tensors begin is a multiple of this, and each of them of the second.
  static let pageAlignment = 4096
  static let tensorAlignment = 64

  /// Name of one byte, rows, columns, encoding, zero, offset, byte count.
  static let fewestTensorBytes = 8 + 1 + 8 + 8 + 4 + 4 + 8 + 8

  static func aligned(_ offset: Int, to alignment: Int) -> Int {
    (offset + alignment - 1) / alignment * alignment
  }
}

/// The 64 bytes at the front.
struct PackedHeader {
  var keyCount: UInt32
  var metadataBytes: UInt64
  var tensorCount: UInt64
  var directoryBytes: UInt64
  var tensorsStart: UInt64
  var totalBytes: UInt64

  /// Header, metadata and directory together, once the lengths are checked against the file.
  var frontBytes: Int {
    PackedLayout.headerBytes + Int(metadataBytes) + Int(directoryBytes)
  }

  /// Without the checksum, which covers what follows, too.
  var bytes: [UInt8] {
    var writer = ByteWriter(reserving: PackedLayout.headerBytes)
    writer.append(bytes: PackedLayout.magic)
    writer.append(PackedLayout.version)
    writer.append(keyCount)
    writer.append(metadataBytes)
    writer.append(tensorCount)
    writer.append(directoryBytes)
    writer.append(tensorsStart)
    writer.append(totalBytes)
    return writer.bytes
  }
}
