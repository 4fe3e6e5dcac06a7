/// Turns text into token ids and back.
///
/// Immutable, so one value serves any number of threads. Encoding takes time by the length of the
/// text; a word of n characters costs n log n at most.
public final class Tokenizer: Sendable {
  public let definition: TokenizerDefinition

  /// Ids that end an answer: end of text, of a turn, of a message, and control tokens that are
  /// known by their text to do so.
  public let endIDs: Set<Int32>
  /// The id that ends a turn of a chat; the end of text where there is no other.
  public let endOfTurnID: Int32?

  let vocabulary: Vocabulary
  let merges: MergeTable
  /// The token of each single byte, or −1.
  let byteIDs: [Int32]
  private let special: SpecialTokenMatcher
  private let workspaces: WorkspacePool

  public init(_ definition: TokenizerDefinition) throws(TokenizerError) {
    try definition.check()
    guard !definition.tokens.isEmpty else { throw .noTokens(file: "tokenizer") }
    self.definition = definition
    vocabulary = Vocabulary(definition)
    merges = try MergeTable(definition, vocabulary)
    workspaces = WorkspacePool(merges: merges, tokens: vocabulary.count)
    byteIDs = Self.byteIDs(definition, vocabulary)
    special = SpecialTokenMatcher(definition)
    endOfTurnID = EndTokens.endOfTurn(definition)
    endIDs = EndTokens.all(definition)
  }

  public var vocabularySize: Int { vocabulary.count }
  public var bosID: Int32? { definition.bosID }
  public var eosID: Int32? { definition.eosID }

  /// Whether `id` stands for something that is no text.
  public func isControl(_ id: Int32) -> Bool {
    guard definition.types.indices.contains(Int(id)) else { return false }
    let type = definition.types[Int(id)]
    return type == .control || type == .unknown
  }

  /// The bytes that `id` adds to decoded text; none for ids outside the vocabulary.
  public func bytes(of id: Int32) -> [UInt8] {
    guard id >= 0, id < vocabulary.count else { return [] }
    return Array(vocabulary.decoded[Int(id)])
  }

  /// The id of the token that is written exactly as `token` in the file. O(vocabulary).
  public func id(of token: String) -> Int32? {
    definition.tokens.firstIndex { $0.utf8.elementsEqual(token.utf8) }
      .map { Int32(truncatingIfNeeded: $0) }
  }
}

// MARK: - Encoding

extension Tokenizer {
  /// The ids of `text`.
  ///
  /// - Parameters:
  ///   - addBOS: whether to begin with the token for the beginning of text, if there is one.
  ///   - parseSpecial: whether the text of control tokens, such as `<|im_end|>`, becomes these
  ///     tokens. User-defined tokens are recognised either way.
  public func encode(
    _ text: String, addBOS: Bool = false, parseSpecial: Bool = true
  ) -> [Int32] {
    encode(text, addBOS: addBOS, plain: parseSpecial ? [] : [0..<text.utf8.count])
  }

  /// The ids of `text`.
  ///
  /// - Parameter plain: ranges of its UTF-8, in order, in which the text of control tokens is text
  ///   like any other.
  func encode(_ text: String, addBOS: Bool = false, plain: [Range<Int>]) -> [Int32] {
    let bytes = Array(text.utf8)
    var encoder = SegmentEncoder(self, workspaces.take())
    encoder.ids.reserveCapacity(bytes.count / 4 + 4)
    if addBOS, let bosID { encoder.ids.append(bosID) }
    var plain = plain[...]
    var position = 0
    while let match = special.first(in: bytes, from: position, foreign: &plain) {
      encoder.append(bytes, position..<match.range.lowerBound)
      encoder.ids.append(match.id)
      position = match.range.upperBound
    }
    encoder.append(bytes, position..<bytes.count)
    workspaces.giveBack(encoder.workspace)
    return encoder.ids
  }

  private static func byteIDs(
    _ definition: TokenizerDefinition, _ vocabulary: Vocabulary
  ) -> [Int32] {
    guard definition.kind == .sentencePieceBPE else {
      return (0...UInt8.max).map { vocabulary.find([$0]) ?? -1 }
    }
    var ids = [Int32](repeating: -1, count: 256)
    for (id, type) in definition.types.enumerated() where type == .byte {
      guard let byte = Vocabulary.byte(of: definition.tokens[id]) else { continue }
      ids[Int(byte)] = Int32(truncatingIfNeeded: id)
    }
    return ids
  }
}

// MARK: - Decoding

extension Tokenizer {
  /// The text of `ids`. Their bytes are joined first; what is not UTF-8 then reads as U+FFFD.
  ///
  /// - Parameter skipSpecial: whether control tokens are left out.
  public func decode(_ ids: some Sequence<Int32>, skipSpecial: Bool = false) -> String {
    var decoder = StreamingDecoder(self, skipSpecial: skipSpecial)
    var text = ""
    for id in ids { text += decoder.append(id) }
    return text + decoder.finish()
  }

  /// Whether decoding drops a space at the very beginning, which encoding has put there.
  var dropsLeadingSpace: Bool { definition.spacePrefix != .never }
}
