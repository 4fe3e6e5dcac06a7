/// What `normalizer` and `pre_tokenizer` of a tokenizer.json do, recognised by their structure.
struct HuggingFacePreTokenizer {
  let kind: TokenizerDefinition.Kind
  private var spacePrefix = TokenizerDefinition.SpacePrefix.never
  private var splitsAtSpaces = false
  private var normalizesToNFC = false

  init(_ root: OrderedJSON) throws(TokenizerError) {
    let normalizers = Self.flat(root["normalizer"], listedUnder: "normalizers")
    let steps = Self.flat(root["pre_tokenizer"], listedUnder: "pretokenizers")
    let types = steps.map { $0["type"]?.string ?? "nameless" }
    switch types {
    case ["ByteLevel"], ["Digits", "ByteLevel"], ["Split", "ByteLevel"]:
      kind = .byteLevelBPE(try Self.byteLevel(steps))
      try readByteLevelNormalizers(normalizers)
    case [], ["Metaspace"]:
      kind = .sentencePieceBPE
      let marksSpaces = try readSpacing(normalizers)
      if let metaspace = steps.first {
        try readMetaspace(metaspace)
      } else if !marksSpaces {
        throw .unsupported(
          part: "pre_tokenizer", found: "none, and nothing that writes ▁ for spaces")
      }
    default:
      throw .unsupported(part: "pre_tokenizer", found: types.joined(separator: " + "))
    }
  }

  func apply(to definition: inout TokenizerDefinition) {
    definition.spacePrefix = spacePrefix
    definition.splitsAtSpaces = splitsAtSpaces
    definition.normalizesToNFC = normalizesToNFC
  }

  /// The steps of a part, sequences resolved; none if the part is missing.
  private static func flat(_ part: OrderedJSON?, listedUnder key: String) -> [OrderedJSON] {
    guard let part, part != .null else { return [] }
    guard part["type"]?.string == "Sequence" else { return [part] }
    return (part[key]?.array ?? []).flatMap { flat($0, listedUnder: key) }
  }
}

// MARK: - Byte level

extension HuggingFacePreTokenizer {
  private static func byteLevel(_ steps: [OrderedJSON]) throws(TokenizerError) -> PreTokenizer {
    guard let byteLevel = steps.last, byteLevel["add_prefix_space"]?.bool != true else {
      throw .unsupported(part: "pre_tokenizer", found: "ByteLevel with add_prefix_space")
    }
    let usesPattern = byteLevel["use_regex"]?.bool ?? true
    let first = steps[0]
    switch (first["type"]?.string, usesPattern) {
    case ("ByteLevel", true): return .gpt2
    case ("Digits", true) where first["individual_digits"]?.bool == true: return .smollm
    case ("Split", false): return try split(first)
    default:
      throw .unsupported(
        part: "pre_tokenizer",
        found: "\(first["type"]?.string ?? "") before ByteLevel with use_regex \(usesPattern)")
    }
  }

  private static func split(_ step: OrderedJSON) throws(TokenizerError) -> PreTokenizer {
    guard step["behavior"]?.string == "Isolated", step["invert"]?.bool != true else {
      throw .unsupported(part: "pre_tokenizer", found: "Split that is not `Isolated`")
    }
    let pattern = step["pattern"]?["Regex"]?.string ?? ""
    guard let known = PreTokenizer.patterns.first(where: { $0.pattern == pattern }) else {
      throw .unsupported(part: "pre_tokenizer", found: "Split by `\(pattern.prefix(200))`")
    }
    return known.meaning
  }

  private mutating func readByteLevelNormalizers(
    _ normalizers: [OrderedJSON]
  ) throws(TokenizerError) {
    for normalizer in normalizers {
      guard normalizer["type"]?.string == "NFC" else { throw Self.unsupported(normalizer) }
      normalizesToNFC = true
    }
  }

  private static func unsupported(_ normalizer: OrderedJSON) -> TokenizerError {
    .unsupported(part: "normalizer", found: normalizer["type"]?.string ?? "nameless")
  }
}

// MARK: - SentencePiece

extension HuggingFacePreTokenizer {
  /// Whether one of `normalizers` writes `▁` for spaces.
  private mutating func readSpacing(
    _ normalizers: [OrderedJSON]
  ) throws(TokenizerError) -> Bool {
    var marksSpaces = false
    for normalizer in normalizers {
      switch normalizer["type"]?.string {
      case "Prepend" where normalizer["prepend"]?.string == "▁": spacePrefix = .everySegment
      case "Replace"
      where normalizer["pattern"]?["String"]?.string == " "
        && normalizer["content"]?.string == "▁":
        marksSpaces = true
      case "NFC": normalizesToNFC = true
      default: throw Self.unsupported(normalizer)
      }
    }
    return marksSpaces
  }

  private mutating func readMetaspace(_ step: OrderedJSON) throws(TokenizerError) {
    guard step["replacement"]?.string ?? "▁" == "▁" else {
      throw .unsupported(part: "Metaspace", found: "a replacement other than ▁")
    }
    splitsAtSpaces = step["split"]?.bool ?? true
    let scheme =
      step["prepend_scheme"]?.string
      ?? (step["add_prefix_space"]?.bool == false ? "never" : "always")
    switch scheme {
    case "never": break
    case "first": spacePrefix = .firstSegmentWithout
    case "always": spacePrefix = .everySegmentWithout
    default: throw .unsupported(part: "Metaspace", found: "prepend_scheme `\(scheme)`")
    }
  }
}
