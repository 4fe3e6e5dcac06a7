import Foundation

/// What encoding one text needs besides the tokenizer, kept for the next text.
struct EncodingWorkspace: Sendable {
  var merger: BytePairMerger
  var cache = WordCache()
  /// The text in the form that is cut into words, ``WordCache/padding`` bytes after it.
  var bytes: [UInt8] = []
  /// By id, whether merging the bytes of this token is known to give it.
  var isProven: [Bool]

  init(merges: MergeTable, tokens: Int) {
    merger = BytePairMerger(table: merges)
    isProven = Array(repeating: false, count: tokens)
  }
}

/// Encodes the stretches of plain text between special tokens, one after the other.
struct SegmentEncoder {
  var ids: [Int32] = []
  private(set) var workspace: EncodingWorkspace

  private let tokenizer: Tokenizer
  private let definition: TokenizerDefinition
  private var isFirstSegment = true

  init(_ tokenizer: Tokenizer, _ workspace: EncodingWorkspace) {
    self.tokenizer = tokenizer
    self.workspace = workspace
    definition = tokenizer.definition
  }

  /// Appends the ids of `bytes[range]`.
  ///
  /// - Parameter range: must begin and end between characters of valid UTF-8.
  mutating func append(_ bytes: [UInt8], _ range: Range<Int>) {
    defer { isFirstSegment = false }
    guard !range.isEmpty else { return }
    guard definition.normalizesToNFC, bytes[range].contains(where: { $0 >= 0x80 }) else {
      return appendNormalized(bytes[range])
    }
    let text = String(decoding: bytes[range], as: UTF8.self)
    appendNormalized(Array(text.precomposedStringWithCanonicalMapping.utf8)[...])
  }

  private mutating func appendNormalized(_ text: ArraySlice<UInt8>) {
    workspace.bytes.removeAll(keepingCapacity: true)
    switch definition.kind {
    case .byteLevelBPE(let rules):
      workspace.bytes += text
      pad()
      var words = WordScanner(workspace.bytes, 0..<text.count, rules: rules)
      while let word = words.next() { appendWord(word) { $0.appendByteLevelWord(word) } }
    case .sentencePieceBPE:
      appendSpaced(text)
      let count = workspace.bytes.count
      pad()
      appendPieces(count)
    }
  }

  private mutating func pad() {
    for _ in 0..<WordCache.padding { workspace.bytes.append(0) }
  }

  /// Appends the ids of a word, from the cache or else by `encode`.
  @inline(__always)
  private mutating func appendWord(_ word: Range<Int>, by encode: (inout Self) -> Void) {
    guard word.count <= WordCache.longestWord else { return encode(&self) }
    let key = WordCache.Key(workspace.bytes, word)
    if workspace.cache.append(key, to: &ids) { return }
    let start = ids.count
    encode(&self)
    workspace.cache.insert(key, ids[start...])
  }

  private mutating func appendByteLevelWord(_ word: Range<Int>) {
    let whole = tokenizer.vocabulary.find(workspace.bytes, word)
    if let whole, definition.ignoresMerges || workspace.isProven[Int(whole)] {
      ids.append(whole)
      return
    }
    setSymbols(word)
    workspace.merger.mergeAll()
    for symbol in workspace.merger.symbols { ids.append(symbol >= 0 ? symbol : ~symbol) }
    if let whole, workspace.merger.symbols.count == 1, workspace.merger.symbols[0] == whole {
      workspace.isProven[Int(whole)] = true
    }
  }

  /// Gives the merger a symbol for each byte.
  private mutating func setSymbols(_ word: Range<Int>) {
    workspace.merger.symbols.removeAll(keepingCapacity: true)
    for index in word {
      let id = tokenizer.byteIDs[Int(workspace.bytes[index])]
      if id >= 0 {
        workspace.merger.symbols.append(id)
      } else if let unknown = definition.unknownID {
        // A byte without a token merges with nothing.
        workspace.merger.symbols.append(~unknown)
      }
    }
  }
}

// MARK: - SentencePiece

extension SegmentEncoder {
  /// `▁` in UTF-8.
  static let space: [UInt8] = [0xE2, 0x96, 0x81]

  /// Writes the text with `▁` for spaces, and one put before it where the tokenizer wants it.
  private mutating func appendSpaced(_ text: ArraySlice<UInt8>) {
    let hasSpace = text.first == 0x20 || text.starts(with: Self.space)
    let isPrefixed =
      switch definition.spacePrefix {
      case .never: false
      case .everySegment: true
      case .everySegmentWithout: !hasSpace
      case .firstSegmentWithout: isFirstSegment && !hasSpace
      }
    if isPrefixed { appendSpace() }
    for byte in text {
      if byte == 0x20 { appendSpace() } else { workspace.bytes.append(byte) }
    }
  }

  private mutating func appendSpace() {
    workspace.bytes.append(Self.space[0])
    workspace.bytes.append(Self.space[1])
    workspace.bytes.append(Self.space[2])
  }

  /// Cuts the first `count` bytes before spaces: before each of them if the tokenizer does so, or
  /// else, where no token goes on after the end of a word, before each run of them.
  private mutating func appendPieces(_ count: Int) {
    let cutsAll = definition.splitsAtSpaces
    var start = 0
    if cutsAll || !tokenizer.merges.crossesSpaces {
      for index in 1..<max(count, 1) where isSpace(index) {
        guard cutsAll || index < 3 || !isSpace(index - 3) else { continue }
        appendPiece(start..<index)
        start = index
      }
    }
    appendPiece(start..<count)
  }

  /// Whether `▁` stands at `index`. Reads three bytes.
  private func isSpace(_ index: Int) -> Bool {
    workspace.bytes[index] == Self.space[0] && workspace.bytes[index + 1] == Self.space[1]
      && workspace.bytes[index + 2] == Self.space[2]
  }

  private mutating func appendPiece(_ range: Range<Int>) {
    appendWord(range) { $0.mergePiece(range) }
  }

  private mutating func mergePiece(_ range: Range<Int>) {
    workspace.merger.symbols.removeAll(keepingCapacity: true)
    var start = range.lowerBound
    while start < range.upperBound {
      let end = start + Self.length(ofCharacter: workspace.bytes[start])
      // A character that occurs in no token is remembered by its place.
      let id = tokenizer.vocabulary.find(workspace.bytes, start..<end)
      workspace.merger.symbols.append(id ?? ~Int32(truncatingIfNeeded: start))
      start = end
    }
    workspace.merger.mergeAll()
    for symbol in workspace.merger.symbols { appendSymbol(symbol) }
  }

  private static func length(ofCharacter first: UInt8) -> Int {
    first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
  }

  private mutating func appendSymbol(_ symbol: Int32) {
    let vocabulary = tokenizer.vocabulary
    if symbol < 0 {
      let start = Int(~symbol)
      let end = start + Self.length(ofCharacter: workspace.bytes[start])
      appendBytes(workspace.bytes[start..<end])
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
