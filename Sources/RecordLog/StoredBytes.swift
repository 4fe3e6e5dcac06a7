import Bytes
import CChecksum
import Glibc

/// Bytes of an input, lent for the length of a call.
///
/// They may lie in a mapped file, whose pages can be gone when they are read: every way to them is
/// guarded, and a page that is gone is an error. What they say is read once and never believed to
/// be the same the next time.
@safe
struct StoredBytes: ~Escapable, Sendable {
  var count: Int { unsafe bytes.count }
  // Only read from, and by C functions that bear any change of what they read.
  nonisolated(unsafe) private let bytes: UnsafeRawBufferPointer
  private let name: String

  /// - Parameter name: of the input, for errors.
  @_lifetime(borrow bytes)
  init(_ bytes: UnsafeRawBufferPointer, name: String) {
    unsafe self.bytes = bytes
    self.name = name
  }

  /// The checksum of all.
  func checksum() throws(RecordLogError.Problem) -> Checksum {
    var plain: UInt32 = 0
    try check(unsafe cck_guarded_crc32c(&plain, bytes.baseAddress, bytes.count))
    return Checksum(plain: plain)
  }

  /// The number at `offset`; nil where the bytes end before it does.
  func number(at offset: Int) throws(RecordLogError.Problem) -> UInt32? {
    guard offset >= 0, offset <= count - 4 else { return nil }
    var number: UInt32 = 0
    try check(unsafe cck_guarded_copy(&number, bytes.baseAddress.map { unsafe $0 + offset }, 4))
    return UInt32(littleEndian: number)
  }

  /// Copies `range` to where `out` begins.
  /// - Precondition: `range` lies in the bytes, and `out` has room for it.
  @unsafe
  func copy(
    _ range: Range<Int>, to out: UnsafeMutableRawBufferPointer
  ) throws(RecordLogError.Problem) {
    let piece = unsafe self.piece(range)
    precondition(out.count >= range.count, "\(range.count) bytes do not fit in \(out.count)")
    try check(unsafe cck_guarded_copy(out.baseAddress, piece.baseAddress, piece.count))
  }

  /// Unpacks the LZ4 block in `range` to at most `out.count` bytes; nil where it is no block.
  /// - Parameter isFront: whether to stop when `out` is full.
  /// - Precondition: `range` lies in the bytes.
  @unsafe
  func unpack(
    _ range: Range<Int>, to out: UnsafeMutableRawBufferPointer, isFront: Bool
  ) throws(RecordLogError.Problem) -> Int? {
    let piece = unsafe self.piece(range)
    var result: Int32 = 0
    let code = unsafe cck_guarded_unpack(
      isFront ? LZ4.unpackFront : LZ4.unpackAll, &result, piece.baseAddress, Int32(piece.count),
      out.baseAddress, Int32(out.count))
    try check(code)
    return result >= 0 ? Int(result) : nil
  }

  private func piece(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    precondition(range.upperBound <= count, "\(range) of \(count) bytes")
    return unsafe UnsafeRawBufferPointer(rebasing: bytes[range])
  }

  private func check(_ code: Int32) throws(RecordLogError.Problem) {
    guard code == 0 else { throw .file(FileError(.read, path: name, code: code)) }
  }
}
