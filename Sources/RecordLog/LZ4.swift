import CChecksum
import CLZ4

/// One LZ4 block, in and out: the one door to CLZ4.
enum LZ4 {
  /// The most bytes that a block of `count` bytes can pack to.
  static func bound(_ count: Int) -> Int { Int(LZ4_compressBound(Int32(count))) }

  /// Packs `raw` to where `out` begins; 0 where it has no room for the result.
  @unsafe
  static func pack(_ raw: UnsafeRawBufferPointer, to out: UnsafeMutableRawBufferPointer) -> Int {
    let packed = unsafe LZ4_compress_default(
      raw.baseAddress?.assumingMemoryBound(to: CChar.self),
      out.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(raw.count), Int32(out.count))
    return Int(packed)
  }

  /// Unpacks at most `out.count` bytes; nil where `packed` is no block. Safe on any bytes.
  @unsafe
  static func unpack(
    _ packed: UnsafeRawBufferPointer, to out: UnsafeMutableRawBufferPointer
  ) -> Int? {
    let count = unsafe LZ4_decompress_safe(
      packed.baseAddress?.assumingMemoryBound(to: CChar.self),
      out.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(packed.count), Int32(out.count))
    return count >= 0 ? Int(count) : nil
  }

  /// What unpacks a block under the guard for mapped files.
  static let unpackAll: cck_unpack = unsafe LZ4_decompress_safe
  /// The same for the front of a block.
  static let unpackFront: cck_unpack = unsafe clz4_decompress_front

  static var version: String { unsafe String(cString: LZ4_versionString()) }
}
