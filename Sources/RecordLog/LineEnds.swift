/// What a transfer in text mode makes of the sync bytes, which are there to show it.
enum LineEnds {
  private static let mangled: [[UInt8]] = [
    [0xC1, 0x52, 0x4C, 0x47, 0x0A, 0x1A, 0x9E], [0xC1, 0x52, 0x4C, 0x47, 0x0D, 0x0D, 0x0A, 0x1A],
    [0x41, 0x52, 0x4C, 0x47, 0x0D, 0x0A, 0x1A, 0x1E],
  ]

  /// Whether the sync bytes stand at `offset` as such a transfer leaves them.
  static func areMangled(in bytes: RawSpan, at offset: Int) -> Bool {
    unsafe bytes.withUnsafeBytes { all in
      mangled.contains { unsafe all.dropFirst(offset).starts(with: $0) }
    }
  }
}
