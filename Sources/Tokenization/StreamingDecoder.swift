/// Turns ids into text as they come, holding back bytes until they make up whole characters.
public struct StreamingDecoder: Sendable {
  private let tokenizer: Tokenizer
  private let skipSpecial: Bool
  private var held: [UInt8] = []
  private var dropsSpace: Bool

  public init(_ tokenizer: Tokenizer, skipSpecial: Bool = false) {
    self.tokenizer = tokenizer
    self.skipSpecial = skipSpecial
    dropsSpace = tokenizer.dropsLeadingSpace
  }

  /// The text that `id` completes; empty while a character is incomplete.
  public mutating func append(_ id: Int32) -> String {
    if skipSpecial, tokenizer.isControl(id) { return "" }
    guard id >= 0, id < tokenizer.vocabularySize else { return "" }
    var bytes = tokenizer.vocabulary.decoded[Int(id)]
    guard !bytes.isEmpty else { return "" }
    if dropsSpace, bytes.first == 0x20 { bytes = bytes.dropFirst() }
    dropsSpace = false
    held += bytes
    let complete = held.count - Self.incompleteSuffix(of: held)
    defer { held.removeFirst(complete) }
    return String(decoding: held[..<complete], as: UTF8.self)
  }

  /// What is left, with U+FFFD for a character that never got its last bytes.
  public mutating func finish() -> String {
    defer { held = [] }
    return String(decoding: held, as: UTF8.self)
  }

  /// How many bytes at the end begin a character that further bytes could complete.
  private static func incompleteSuffix(of bytes: [UInt8]) -> Int {
    for count in 1...3 where count <= bytes.count {
      let byte = bytes[bytes.count - count]
      if byte & 0xC0 == 0x80 { continue }
      let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
      return length > count ? count : 0
    }
    return 0
  }
}
