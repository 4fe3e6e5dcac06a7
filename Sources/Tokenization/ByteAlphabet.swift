/// The printable characters by which byte-level vocabularies write bytes.
///
/// Bytes that are printable in Latin-1 stand for themselves; the other 68 are numbered from U+0100
/// on in their own order, so a space is `Ġ` and a line feed `Ċ`.
public enum ByteAlphabet {
  /// By byte.
  static let scalars: [Unicode.Scalar] = {
    var next: UInt32 = 0x100
    return (0...UInt8.max).map { byte in
      if isPrintable(byte) { return Unicode.Scalar(byte) }
      defer { next += 1 }
      return Unicode.Scalar(next) ?? "\u{FFFD}"
    }
  }()

  /// The character that stands for `byte`.
  public static func character(for byte: UInt8) -> Character { Character(scalars[Int(byte)]) }

  /// By the character's value; nil for characters that write no byte.
  private static let bytes: [UInt8?] = {
    var bytes = [UInt8?](repeating: nil, count: 0x100 + 68)
    for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar.value)] = UInt8(byte) }
    return bytes
  }()

  private static func isPrintable(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: true
    default: false
    }
  }

  /// Appends the bytes that `text` writes. False, and nothing appended, if a character of it
  /// writes none.
  static func appendBytes(of text: some Sequence<Unicode.Scalar>, to output: inout [UInt8]) -> Bool
  {
    let start = output.count
    for scalar in text {
      guard scalar.value < bytes.count, let byte = bytes[Int(scalar.value)] else {
        output.removeSubrange(start...)
        return false
      }
      output.append(byte)
    }
    return true
  }
}
