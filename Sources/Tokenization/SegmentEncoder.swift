import Foundation

/// Encodes the stretches of plain text between special tokens, one after the other.
struct SegmentEncoder {
  var ids: [Int32] = []

  private let tokenizer: Tokenizer
  private let definition: TokenizerDefinition
  private var merger: BytePairMerger
  private var isFirstSegment = true

  init(_ tokenizer: Tokenizer) {
    self.tokenizer = tokenizer
    definition = tokenizer.definition
    merger = BytePairMerger(table: tokenizer.merges)
  }

  /// Appends the ids of `bytes[range]`.
  ///
  /// - Parameter range: must begin and end between characters of valid UTF-8.
  mutating func append(_ bytes: [UInt8], _ range: Range<Int>) {
    defer { isFirstSegment = false }
    guard !range.isEmpty else { return }
    guard definition.normalizesToNFC, bytes[range].contains(where: { $0 >= 0x80 }) else {
      return appendNormalized(bytes, range)
    }
    let text = String(decoding: bytes[range], as: UTF8.self)
    let normalized = Array(text.precomposedStringWithCanonicalMapping.utf8)
    appendNormalized(normalized, 0..<normalized.count)
  }

  private mutating func appendNormalized(_ bytes: [UInt8], _ range: Range<Int>) {
    switch definition.kind {
    case .byteLevelBPE(let rules):
      var words = WordScanner(bytes, range, rules: rules)
      while let word = words.next() { appendByteLevelWord(bytes, word) }
    case .sentencePieceBPE:
      appendPieces(of: spaced(bytes[range]))
    }
  }

  private mutating func appendByteLevelWord(_ bytes: [UInt8], _ word: Range<Int>) {
    if definition.ignoresMerges, let id = tokenizer.vocabulary.find(bytes, word) {
      ids.append(id)
      return
    }
    merger.symbols.removeAll(keepingCapacity: true)
    for index in word {
      let id = tokenizer.byteIDs[Int(bytes[index])]
      if id >= 0 {
        merger.symbols.append(id)
      } else if let unknown = definition.unknownID {
        // A byte without a token merges with nothing.
        merger.symbols.append(~unknown)
      }
    }
    merger.mergeAll()
    for symbol in merger.symbols { ids.append(symbol >= 0 ? symbol : ~symbol) }
  }
}

// MARK: - SentencePiece

extension SegmentEncoder {
  /// `▁` in UTF-8.
  private static let space: [UInt8] = [0xE2, 0x96, 0x81]

  /// The text with `▁` for spaces, and one put before it where the tokenizer wants it.
  private func spaced(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count + text.count / 2 + 3)
    let hasSpace = text.first == 0x20 || text.starts(with: Self.space)
    let isPrefixed =
      switch definition.spacePrefix {
      case .never: false
      case .everySegment: true
      case .everySegmentWithout: !hasSpace
      case .firstSegmentWithout: isFirstSegment && !hasSpace
      }
    if isPrefixed { result += Self.space }
    for byte in text {
      if byte == 0x20 { result += Self.space } else { result.append(byte) }
    }
    return result
  }

  private mutating func appendPieces(of bytes: [UInt8]) {
    guard definition.splitsAtSpaces else { return appendPiece(bytes, 0..<bytes.count) }
    var start = 0
    for index in bytes.indices.dropFirst() where bytes[index...].starts(with: Self.space) {
      appendPiece(bytes, start..<index)
      start = index
    }
    appendPiece(bytes, start..<bytes.count)
  }

  private mutating func appendPiece(_ bytes: [UInt8], _ range: Range<Int>) {
    merger.symbols.removeAll(keepingCapacity: true)
    var start = range.lowerBound
    while start < range.upperBound {
      let end = start + Self.length(ofCharacter: bytes[start])
      // A character that occurs in no token is remembered by its place.
      let id = tokenizer.vocabulary.find(bytes, start..<end)
      merger.symbols.append(id ?? ~Int32(truncatingIfNeeded: start))
      start = end
    }
    merger.mergeAll()
    for symbol in merger.symbols { appendSymbol(symbol, bytes) }
  }

  private static func length(ofCharacter first: UInt8) -> Int {
    first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
  }

  private mutating func appendSymbol(_ symbol: Int32, _ bytes: [UInt8]) {
    let vocabulary = tokenizer.vocabulary
    if symbol < 0 {
      let start = Int(~symbol)
      appendBytes(bytes[start..<start + Self.length(ofCharacter: bytes[start])])
    } else if symbol < vocabulary.count {
      ids.append(symbol)
    } else {
      appendBytes(vocabulary.written[Int(symbol)])
    }
  }

  /// Appends the byte tokens of one character, or the unknown token if one of them is missing.
  private mutating func appendBytes(_ character: ArraySlice<UInt8>) {
    if character.allSatisfy({ tokenizer.byteIDs[Int($0)] >= 0 }) {
      for byte in character { ids.append(tokenizer.byteIDs[Int(byte)]) }
    } else if let unknown = definition.unknownID {
      ids.append(unknown)
    }
  }
}
