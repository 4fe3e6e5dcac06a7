/// The classes of characters that pre-tokenizers tell apart.
struct CharacterClass: OptionSet {
  let rawValue: UInt8

  /// `\p{L}`
  static let letter = CharacterClass(rawValue: 1)
  /// `\p{N}`
  static let number = CharacterClass(rawValue: 2)
  /// `\s`
  static let space = CharacterClass(rawValue: 4)
  /// `[\r\n]`; these are spaces, too.
  static let newline = CharacterClass(rawValue: 8)

  init(rawValue: UInt8) { self.rawValue = rawValue }

  init(_ scalar: Unicode.Scalar) {
    let properties = scalar.properties
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      self = .letter
    case .decimalNumber, .letterNumber, .otherNumber: self = .number
    default:
      self = properties.isWhitespace ? .space : []
      if scalar == "\r" || scalar == "\n" { insert(.newline) }
    }
  }

  /// The class of every scalar below 0x10000 by its value (64 KiB, made once).
  static let ofBasicPlane: [CharacterClass] = (0..<0x10000).map { value in
    Unicode.Scalar(UInt32(value)).map { CharacterClass($0) } ?? []
  }
}
