/// Reads the files in which Hugging Face model folders keep their tokenizer.
///
/// The parts of `tokenizer.json` are recognised by their structure; what is not known is refused by
/// name rather than passed over, since it would change ids.
struct HuggingFaceTokenizer {
  static let file = "tokenizer.json"

  let root: OrderedJSON
  let config: OrderedJSON?
  let specialTokensMap: OrderedJSON?

  func definition(chatTemplateFile: String?) throws(TokenizerError) -> TokenizerDefinition {
    let model = try member("model", of: root, path: "model")
    let type = model["type"]?.string ?? (model["merges"] == nil ? "unknown" : "BPE")
    guard type == "BPE" else { throw .unknownModel(type, known: ["BPE"]) }
    try refuseUnusual(model)
    let words = try HuggingFacePreTokenizer(root)
    var definition = try vocabulary(of: model, kind: words.kind)
    definition.merges = try merges(of: model)
    words.apply(to: &definition)
    definition.ignoresMerges = model["ignore_merges"]?.bool ?? false
    if words.kind == .sentencePieceBPE { definition.setScoresFromMerges() }
    try setSpecialTokens(model, &definition)
    try setFrame(&definition)
    definition.chatTemplate = chatTemplateFile
    if chatTemplateFile == nil { definition.chatTemplate = try chatTemplate() }
    return definition
  }

  private func member(
    _ name: String, of value: OrderedJSON, path: String
  ) throws(TokenizerError) -> OrderedJSON {
    guard let member = value[name] else { throw .missing(field: path, file: Self.file) }
    return member
  }

  private func refuseUnusual(_ model: OrderedJSON) throws(TokenizerError) {
    for name in ["continuing_subword_prefix", "end_of_word_suffix"] {
      if let text = model[name]?.string, !text.isEmpty {
        throw .unsupported(part: name, found: "`\(text)`")
      }
    }
    // With a token for every byte there is never an unknown one to be fused.
    if model["fuse_unk"]?.bool == true, model["byte_fallback"]?.bool != true,
      model["unk_token"]?.string != nil
    {
      throw .unsupported(part: "fuse_unk", found: "unknown tokens joined into one")
    }
    switch model["dropout"] {
    case nil, .null, .integer(0), .number(0): break
    default: throw .unsupported(part: "dropout", found: "merges left out at random")
    }
  }
}

// MARK: - Vocabulary and merges

extension HuggingFaceTokenizer {
  private func vocabulary(
    of model: OrderedJSON, kind: TokenizerDefinition.Kind
  ) throws(TokenizerError) -> TokenizerDefinition {
    guard case .object(let members) = try member("vocab", of: model, path: "model.vocab") else {
      throw .wrongType(field: "model.vocab", file: Self.file, wanted: "an object")
    }
    var entries: [(text: String, id: Int)] = []
    for member in members {
      guard let id = member.value.integer else {
        throw .wrongType(field: "model.vocab", file: Self.file, wanted: "an object of integers")
      }
      entries.append((member.key, id))
    }
    let added = try addedTokens()
    entries += added.map { ($0.text, $0.id) }
    var definition = try Self.definition(of: entries, kind: kind)
    if kind == .sentencePieceBPE, model["byte_fallback"]?.bool == true { definition.markBytes() }
    for token in added { definition.types[token.id] = token.isSpecial ? .control : .userDefined }
    return definition
  }

  /// Ids that no entry has become unused tokens, as converters to GGUF write them.
  private static func definition(
    of entries: [(text: String, id: Int)], kind: TokenizerDefinition.Kind
  ) throws(TokenizerError) -> TokenizerDefinition {
    guard let last = entries.map(\.id).max() else { throw .noTokens(file: file) }
    // The room that ids claim is bounded by the entries that are really there.
    let limit = 2 * entries.count + 4096
    for (text, id) in entries where id < 0 || id >= limit {
      throw .idOutOfRange(id, what: "token `\(text.prefix(60))`", limit: limit)
    }
    var tokens = [String?](repeating: nil, count: last + 1)
    for (text, id) in entries { tokens[id] = text }
    let types = tokens.map { $0 == nil ? TokenType.unused : .normal }
    let texts = tokens.enumerated().map { $1 ?? "[PAD\($0)]" }
    return TokenizerDefinition(kind: kind, tokens: texts, types: types)
  }

  private struct AddedToken {
    let text: String
    let id: Int
    let isSpecial: Bool
  }

  private func addedTokens() throws(TokenizerError) -> [AddedToken] {
    var tokens: [AddedToken] = []
    for value in root["added_tokens"]?.array ?? [] {
      guard let text = value["content"]?.string, let id = value["id"]?.integer else {
        throw .wrongType(
          field: "added_tokens", file: Self.file, wanted: "objects with `content` and `id`")
      }
      for name in ["single_word", "lstrip", "rstrip"] where value[name]?.bool == true {
        throw .unsupported(part: "added token `\(text.prefix(60))`", found: "`\(name)`")
      }
      tokens.append(AddedToken(text: text, id: id, isSpecial: value["special"]?.bool ?? false))
    }
    return tokens
  }

  /// Merges are written as `"a b"` or as `["a", "b"]`.
  private func merges(of model: OrderedJSON) throws(TokenizerError) -> [String] {
    guard let values = try member("merges", of: model, path: "model.merges").array else {
      throw .wrongType(field: "model.merges", file: Self.file, wanted: "a list")
    }
    var merges: [String] = []
    merges.reserveCapacity(values.count)
    for (line, value) in values.enumerated() {
      switch value {
      case .string(let text): merges.append(text)
      case .array(let halves):
        guard halves.count == 2, let left = halves[0].string, let right = halves[1].string,
          !(left + right).utf8.contains(0x20)
        else {
          throw .badMerge(line: line, text: "\(halves)", problem: "is no pair of texts")
        }
        merges.append("\(left) \(right)")
      default: throw .badMerge(line: line, text: "\(value)", problem: "is no pair of texts")
      }
    }
    return merges
  }
}

extension TokenizerDefinition {
  fileprivate mutating func markBytes() {
    for id in tokens.indices where Vocabulary.byte(of: tokens[id]) != nil { types[id] = .byte }
  }

  /// Scores that order tokens as their first merge does, for readers that know no merges.
  fileprivate mutating func setScoresFromMerges() {
    var ranks: [[UInt8]: Int] = [:]
    for (rank, merge) in merges.enumerated() {
      let joined = merge.utf8.filter { $0 != 0x20 }
      if ranks[joined] == nil { ranks[joined] = rank }
    }
    scores = zip(tokens, types).map { token, type in
      guard type == .normal else { return 0 }
      return -Float(ranks[Array(token.utf8)] ?? merges.count)
    }
  }
}

// MARK: - Special tokens

extension HuggingFaceTokenizer {
  private func setSpecialTokens(
    _ model: OrderedJSON, _ definition: inout TokenizerDefinition
  ) throws(TokenizerError) {
    definition.bosID = try id(ofRole: "bos_token", definition)
    definition.eosID = try id(ofRole: "eos_token", definition)
    // Padding is masked by position, so a token for it may be named and yet not be there.
    definition.paddingID = try? id(ofRole: "pad_token", definition)
    definition.unknownID = try? id(ofRole: "unk_token", definition)
    if let text = model["unk_token"]?.string {
      definition.unknownID = try definition.id(of: text, role: "unknown")
    } else if case .byteLevelBPE = definition.kind {
      // Only the model itself makes unknown tokens; the name alone does not.
      definition.unknownID = nil
    }
    if definition.kind == .sentencePieceBPE, let id = definition.unknownID {
      definition.types[Int(id)] = .unknown
    }
  }

  /// The token of a role as text: `tokenizer_config.json` says it, or else `special_tokens_map.json`.
  private func id(
    ofRole role: String, _ definition: TokenizerDefinition
  ) throws(TokenizerError) -> Int32? {
    for source in [config, specialTokensMap] {
      guard let value = source?[role], let text = value.string ?? value["content"]?.string else {
        continue
      }
      return try definition.id(of: text, role: role)
    }
    return nil
  }

  /// Whether text is framed by the tokens of beginning and end. What the configuration says in
  /// words goes before what the post-processor does.
  private func setFrame(_ definition: inout TokenizerDefinition) throws(TokenizerError) {
    let frame = TemplateFrame(root["post_processor"] ?? .null)
    definition.addsBOS = config?["add_bos_token"]?.bool ?? !frame.before.isEmpty
    definition.addsEOS = config?["add_eos_token"]?.bool ?? !frame.after.isEmpty
    if definition.bosID == nil, let text = frame.before.first {
      definition.bosID = try definition.id(of: text, role: "first")
    }
    if definition.bosID == nil { definition.addsBOS = false }
    if definition.eosID == nil { definition.addsEOS = false }
  }

  private func chatTemplate() throws(TokenizerError) -> String? {
    guard let value = config?["chat_template"], value != .null else { return nil }
    if let text = value.string { return text }
    let named = (value.array ?? []).first { $0["name"]?.string == "default" }
    guard let text = named?["template"]?.string else {
      throw .wrongType(
        field: "chat_template", file: "tokenizer_config.json",
        wanted: "a text, or a list with a template named `default`")
    }
    return text
  }
}

extension TokenizerDefinition {
  fileprivate func id(of text: String, role: String) throws(TokenizerError) -> Int32 {
    guard let id = tokens.firstIndex(where: { $0.utf8.elementsEqual(text.utf8) }) else {
      throw .unknownToken(text, role: role)
    }
    return Int32(truncatingIfNeeded: id)
  }
}

/// The special tokens that a `TemplateProcessing` puts before and after a text.
private struct TemplateFrame {
  var before: [String] = []
  var after: [String] = []

  init(_ processor: OrderedJSON) {
    let processors = [processor] + (processor["processors"]?.array ?? [])
    let template = processors.first { $0["type"]?.string == "TemplateProcessing" }
    var seenText = false
    for piece in template?["single"]?.array ?? [] {
      if piece["Sequence"] != nil { seenText = true }
      guard let token = piece["SpecialToken"]?["id"]?.string else { continue }
      if seenText { after.append(token) } else { before.append(token) }
    }
  }
}
