/// How floating-point numbers are stored.
public enum FloatType: String, CaseIterable, Sendable {
  case f32, f16, bf16

  /// Bytes of one number.
  public var byteCount: Int { self == .f32 ? 4 : 2 }

  /// The largest number that is not infinity in this type.
  public var largest: Float {
    switch self {
    case .f32: .greatestFiniteMagnitude
    case .f16: Float(Float16.greatestFiniteMagnitude)
    case .bf16: Float(bitPattern: 0x7F7F_0000)
    }
  }

  /// The numbers as the type has them, rounded to the nearest, in little-endian order.
  public func bytes(of floats: [Float]) -> [UInt8] {
    switch self {
    case .f32: floats.littleEndianBytes
    case .f16: Self.bytes(of: floats) { Float16($0).bitPattern }
    case .bf16: Self.bytes(of: floats, as: Self.bfloat16)
    }
  }

  private static func bytes(of floats: [Float], as bits: (Float) -> UInt16) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(2 * floats.count)
    for float in floats {
      let bits = bits(float)
      bytes.append(UInt8(truncatingIfNeeded: bits))
      bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
    }
    return bytes
  }

  /// The upper half of float32, ties going to the even number.
  private static func bfloat16(_ float: Float) -> UInt16 {
    let bits = float.bitPattern
    guard !float.isNaN else { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ bits >> 16 & 1) >> 16)
  }
}
