public import ModelFile

/// Under which keys a model file keeps its tokenizer. The first are those of GGUF; the last are
/// ours, written only where GGUF has none and the usual would be wrong.
private enum Key {
  static let model = "tokenizer.ggml.model"
  static let pre = "tokenizer.ggml.pre"
  static let tokens = "tokenizer.ggml.tokens"
  static let scores = "tokenizer.ggml.scores"
  static let types = "tokenizer.ggml.token_type"
  static let merges = "tokenizer.ggml.merges"
  static let addBOS = "tokenizer.ggml.add_bos_token"
  static let addEOS = "tokenizer.ggml.add_eos_token"
  static let addSpacePrefix = "tokenizer.ggml.add_space_prefix"
  static let chatTemplate = "tokenizer.chat_template"

  static let spacePrefix = "synpo.tokenizer.space_prefix"
  static let splitsAtSpaces = "synpo.tokenizer.splits_at_spaces"
  static let mergesByRank = "synpo.tokenizer.merges_by_rank"
  static let ignoresMerges = "synpo.tokenizer.ignores_merges"
  static let writesUnknown = "synpo.tokenizer.writes_unknown"
  static let normalizesToNFC = "synpo.tokenizer.nfc"

  typealias IDProperty = any WritableKeyPath<TokenizerDefinition, Int32?> & Sendable

  static let ids: [(key: String, property: IDProperty)] =
    [
      ("tokenizer.ggml.bos_token_id", \.bosID),
      ("tokenizer.ggml.eos_token_id", \.eosID),
      ("tokenizer.ggml.eot_token_id", \.eotID),
      ("tokenizer.ggml.eom_token_id", \.eomID),
      ("tokenizer.ggml.unknown_token_id", \.unknownID),
      ("tokenizer.ggml.padding_token_id", \.paddingID),
    ]
}

extension Tokenizer {
  /// The tokenizer that a GGUF file or a packed model carries.
  public convenience init(metadata: Metadata) throws(TokenizerError) {
    try self.init(TokenizerDefinition(metadata: metadata))
  }
}

// MARK: - Reading

extension TokenizerDefinition {
  private static let file = "the model's metadata"

  /// Reads the tokenizer that a GGUF file or a packed model carries.
  public init(metadata: Metadata) throws(TokenizerError) {
    guard let tokens = metadata.strings(Key.tokens) else {
      throw .missing(field: Key.tokens, file: Self.file)
    }
    let kind = try Self.kind(metadata)
    self.init(kind: kind, tokens: tokens, types: try Self.types(metadata, count: tokens.count))
    if let scores = metadata.numbers(Key.scores) { self.scores = scores }
    chatTemplate = metadata.string(Key.chatTemplate)
    for (key, property) in Key.ids { self[keyPath: property] = try Self.id(metadata, key) }
    // Byte-level files name an unknown token that encoding never gives.
    if case .byteLevelBPE = kind, metadata.flag(Key.writesUnknown) != true { unknownID = nil }
    try readMerges(metadata)
    readCustoms(metadata)
  }

  private static func kind(_ metadata: Metadata) throws(TokenizerError) -> Kind {
    switch metadata.string(Key.model) {
    case "llama": return .sentencePieceBPE
    case "gpt2":
      guard let name = metadata.string(Key.pre) else {
        throw .missing(field: Key.pre, file: file)
      }
      return .byteLevelBPE(try PreTokenizer(named: name))
    case nil: throw .missing(field: Key.model, file: file)
    case let name?: throw .unknownModel(name, known: ["gpt2", "llama"])
    }
  }

  private static func types(
    _ metadata: Metadata, count: Int
  ) throws(TokenizerError) -> [TokenType]? {
    guard let values = metadata.integers(Key.types) else { return nil }
    var types: [TokenType] = []
    for value in values {
      guard let type = Int32(exactly: value).flatMap(TokenType.init(rawValue:)) else {
        throw .wrongType(field: Key.types, file: file, wanted: "1 to 6, not \(value)")
      }
      types.append(type)
    }
    return types
  }

  private static func id(_ metadata: Metadata, _ key: String) throws(TokenizerError) -> Int32? {
    guard let value = metadata.integer(key) else { return nil }
    // Some converters write −1 for none.
    if value == -1 || value == Int(UInt32.max) { return nil }
    guard let id = Int32(exactly: value), id >= 0 else {
      throw .idOutOfRange(value, what: key, limit: Int(Int32.max))
    }
    return id
  }

  /// SentencePiece files order merges by score; a list of merges in them is passed over, as other
  /// readers do, unless it was written by us.
  private mutating func readMerges(_ metadata: Metadata) throws(TokenizerError) {
    switch kind {
    case .byteLevelBPE:
      guard let merges = metadata.strings(Key.merges) else {
        throw .missing(field: Key.merges, file: Self.file)
      }
      self.merges = merges
    case .sentencePieceBPE:
      if metadata.flag(Key.mergesByRank) == true {
        merges = metadata.strings(Key.merges) ?? []
      } else if scores.isEmpty {
        throw .missing(field: Key.scores, file: Self.file)
      }
    }
  }

  private mutating func readCustoms(_ metadata: Metadata) {
    let isSentencePiece = kind == .sentencePieceBPE
    addsBOS = metadata.flag(Key.addBOS) ?? (isSentencePiece || ignoresMerges)
    addsEOS = metadata.flag(Key.addEOS) ?? false
    if isSentencePiece, metadata.flag(Key.addSpacePrefix) ?? true { spacePrefix = .everySegment }
    if let name = metadata.string(Key.spacePrefix), let known = SpacePrefix(rawValue: name) {
      spacePrefix = known
    }
    splitsAtSpaces = metadata.flag(Key.splitsAtSpaces) ?? false
    ignoresMerges = metadata.flag(Key.ignoresMerges) ?? ignoresMerges
    normalizesToNFC = metadata.flag(Key.normalizesToNFC) ?? false
  }
}

// MARK: - Writing

extension TokenizerDefinition {
  /// The definition under the keys of GGUF, so that any file with metadata can carry it.
  public var metadata: Metadata {
    var metadata = Metadata()
    switch kind {
    case .sentencePieceBPE:
      metadata[Key.model] = .string("llama")
      metadata[Key.pre] = .string("default")
      metadata[Key.addSpacePrefix] = .bool(spacePrefix != .never)
    case .byteLevelBPE(let rules):
      metadata[Key.model] = .string("gpt2")
      metadata[Key.pre] = .string(rules.rawValue)
    }
    metadata[Key.tokens] = .strings(tokens)
    if !scores.isEmpty { metadata[Key.scores] = .numbers(scores) }
    metadata[Key.types] = .integers(types.map(\.rawValue))
    if !merges.isEmpty { metadata[Key.merges] = .strings(merges) }
    for (key, property) in Key.ids {
      if let id = self[keyPath: property] { metadata[key] = .u32(UInt32(bitPattern: id)) }
    }
    metadata[Key.addBOS] = .bool(addsBOS)
    metadata[Key.addEOS] = .bool(addsEOS)
    if let chatTemplate { metadata[Key.chatTemplate] = .string(chatTemplate) }
    writeCustoms(to: &metadata)
    return metadata
  }

  /// What GGUF has no key for, where it is not what readers take for granted.
  private func writeCustoms(to metadata: inout Metadata) {
    if ![.never, .everySegment].contains(spacePrefix) {
      metadata[Key.spacePrefix] = .string(spacePrefix.rawValue)
    }
    if splitsAtSpaces { metadata[Key.splitsAtSpaces] = .bool(true) }
    if normalizesToNFC { metadata[Key.normalizesToNFC] = .bool(true) }
    switch kind {
    case .sentencePieceBPE:
      if !merges.isEmpty { metadata[Key.mergesByRank] = .bool(true) }
    case .byteLevelBPE(let rules):
      if unknownID != nil { metadata[Key.writesUnknown] = .bool(true) }
      if ignoresMerges != rules.usuallyIgnoresMerges {
        metadata[Key.ignoresMerges] = .bool(ignoresMerges)
      }
    }
  }
}
