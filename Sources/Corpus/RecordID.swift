/// Names records by what they say, so that the same record has the same id on every run.
enum RecordID {
  /// The 64-bit FNV-1a hash of `parts`, each preceded by its length, as 16 hexadecimal digits.
  static func of(_ parts: String...) -> String { of(parts) }

  static func of(_ parts: [String]) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func mix(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    for part in parts {
      let count = UInt64(part.utf8.count)
      for shift in stride(from: 0, to: 64, by: 8) { mix(UInt8(truncatingIfNeeded: count >> shift)) }
      part.utf8.forEach(mix)
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
