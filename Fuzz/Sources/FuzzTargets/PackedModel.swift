import Bytes
import ModelFile

extension FuzzTarget {
  /// Everything but the weights, and the check of those.
  static let packedModel = FuzzTarget("packed-model", repair: repairPackedModel) { bytes in
    withMapping(of: bytes) { file in
      guard let file = try? PackedModelFile(file) else { return false }
      for tensor in file.tensors { _ = unsafe tensor.bytes.withUnsafeBytes { unsafe $0.last } }
      return (try? file.verify()) != nil
    }
  }

  /// Header: 8 bytes magic, version, key count, then lengths: metadata, tensors, directory, place of
  /// the tensors, total; at 56 FNV-1a of what stands before it and of metadata and directory.
  @Sendable private static func repairPackedModel(_ bytes: inout [UInt8]) {
    guard bytes.count >= 80 else { return }
    store(UInt64(bytes.count), in: &bytes, at: 48)
    let front = 64 &+ load(bytes, at: 16) &+ load(bytes, at: 32)
    guard front <= UInt64(bytes.count), front >= 64 else { return }
    store(fnv(bytes[..<56] + bytes[64..<Int(front)]), in: &bytes, at: 56)
    store(fnv(bytes.dropLast(16)), in: &bytes, at: bytes.count - 16)
  }

  private static func fnv(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
  }

  private static func load(_ bytes: [UInt8], at place: Int) -> UInt64 {
    bytes[place..<place + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func store(_ value: UInt64, in bytes: inout [UInt8], at place: Int) {
    for i in 0..<8 { bytes[place + i] = UInt8(truncatingIfNeeded: value >> UInt64(8 * i)) }
  }
}
