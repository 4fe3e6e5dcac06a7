/// Memory that is about to be used again is overwritten first, so that what was there before cannot
/// pass for what should be there now. Only in debug builds, which tests are.
enum Poison {
  static let byte: UInt8 = 0xDB

  @inline(__always)
  @unsafe
  static func fill(_ memory: UnsafeMutableRawBufferPointer) {
    #if DEBUG
      unsafe _ = memory.initializeMemory(as: UInt8.self, repeating: byte)
    #endif
  }
}

extension [UInt8] {
  /// Poisons the first `count` bytes.
  @inline(__always)
  mutating func poison(first count: Int) {
    #if DEBUG
      unsafe withUnsafeMutableBytes { unsafe Poison.fill(.init(rebasing: $0[..<count])) }
    #endif
  }
}
