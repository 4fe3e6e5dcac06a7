import CChecksum

/// CRC-32C, the one door to CChecksum's arithmetic.
struct Checksum: Equatable {
  /// The plain CRC of all bytes so far.
  private(set) var plain: UInt32 = 0

  init() {}

  init(plain: UInt32) { self.plain = plain }

  init(_ bytes: RawSpan) { add(bytes) }

  mutating func add(_ bytes: RawSpan) {
    plain = unsafe bytes.withUnsafeBytes { unsafe cck_crc32c(plain, $0.baseAddress, $0.count) }
  }

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    plain = unsafe cck_crc32c(plain, bytes.baseAddress, bytes.count)
  }

  /// The form that is stored: turned and shifted, so that a checksum of bytes that hold checksums
  /// does not collapse to a constant.
  var masked: UInt32 { ((plain >> 15) | (plain << 17)) &+ 0xA282_EAD8 }

  static func masked(_ bytes: RawSpan) -> UInt32 { Checksum(bytes).masked }
}
