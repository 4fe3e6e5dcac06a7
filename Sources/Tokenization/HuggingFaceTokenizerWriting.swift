extension TokenizerDefinition {
  /// The tokenizer as Hugging Face's `tokenizer.json`: read again, it gives the same ids.
  ///
  /// - Throws: where two tokens have the same text, which the file has no room for.
  public func huggingFaceTokenizer() throws(TokenizerError) -> OrderedJSON {
    try check()
    try refuseDoubles()
    return [
      "version": "1.0", "truncation": .null, "padding": .null, "added_tokens": addedTokens,
      "normalizer": normalizer, "pre_tokenizer": preTokenizer, "post_processor": postProcessor,
      "decoder": decoder, "model": model,
    ]
  }

  /// What `tokenizer_config.json` says beside it: the special tokens and the chat template.
  /// - Parameter longestText: in tokens.
  public func huggingFaceConfiguration(
    longestText: Int
  ) throws(TokenizerError) -> OrderedJSON {
    try check()
    var members: [OrderedJSON.Member] = []
    func set(_ key: String, _ value: OrderedJSON) { members.append(.init(key: key, value: value)) }
    set("tokenizer_class", "PreTrainedTokenizerFast")
    let roles = [
      ("bos_token", bosID), ("eos_token", eosID ?? eotID), ("unk_token", unknownID),
      ("pad_token", paddingID),
    ]
    for (role, id) in roles { if let id { set(role, .string(tokens[Int(id)])) } }
    set("add_bos_token", .bool(addsBOS))
    set("add_eos_token", .bool(addsEOS))
    set("clean_up_tokenization_spaces", false)
    set("model_max_length", .integer(longestText))
    if let chatTemplate { set("chat_template", .string(chatTemplate)) }
    return .object(members)
  }

  private func refuseDoubles() throws(TokenizerError) {
    var seen = Set<[UInt8]>(minimumCapacity: tokens.count)
    for token in tokens where !seen.insert(Array(token.utf8)).inserted {
      throw .unsupported(part: "vocabulary", found: "two tokens written `\(token.prefix(60))`")
    }
  }
}

// MARK: - The parts of tokenizer.json

extension TokenizerDefinition {
  private var isByteLevel: Bool { kind != .sentencePieceBPE }

  /// Tokens that text is cut at before it is merged.
  private var addedTokens: OrderedJSON {
    .array(
      tokens.indices.filter { [.control, .userDefined, .unknown].contains(types[$0]) }.map { id in
        [
          "id": .integer(id), "content": .string(tokens[id]), "single_word": false,
          "lstrip": false, "rstrip": false, "normalized": false,
          "special": .bool(types[id] != .userDefined),
        ]
      })
  }

  private var model: OrderedJSON {
    [
      "type": "BPE", "dropout": .null,
      "unk_token": unknownID.map { .string(tokens[Int($0)]) } ?? .null,
      "continuing_subword_prefix": .null, "end_of_word_suffix": .null,
      "fuse_unk": .bool(types.contains(.byte)), "byte_fallback": .bool(types.contains(.byte)),
      "ignore_merges": .bool(ignoresMerges),
      "vocab": .object(
        tokens.enumerated().map { .init(key: $0.element, value: .integer($0.offset)) }),
      "merges": .array(pairs.map { [.string($0), .string($1)] }),
    ]
  }

  private var normalizer: OrderedJSON {
    var steps: [OrderedJSON] = normalizesToNFC ? [["type": "NFC"]] : []
    if !isByteLevel, metaspaceScheme == nil {
      if spacePrefix == .everySegment { steps.append(["type": "Prepend", "prepend": "▁"]) }
      steps.append(["type": "Replace", "pattern": ["String": " "], "content": "▁"])
    }
    return Self.sequence(steps, listedUnder: "normalizers")
  }

  /// How a `Metaspace` step puts `▁` before text; nil where normalizers do it.
  private var metaspaceScheme: String? {
    switch spacePrefix {
    case .never: splitsAtSpaces ? "never" : nil
    case .everySegment: nil
    case .everySegmentWithout: "always"
    case .firstSegmentWithout: "first"
    }
  }

  private var preTokenizer: OrderedJSON {
    guard case .byteLevelBPE(let words) = kind else {
      guard let metaspaceScheme else { return .null }
      return [
        "type": "Metaspace", "replacement": "▁", "prepend_scheme": .string(metaspaceScheme),
        "split": .bool(splitsAtSpaces),
      ]
    }
    switch words {
    case .gpt2: return Self.byteLevel(cuts: true)
    case .smollm:
      let digits: OrderedJSON = ["type": "Digits", "individual_digits": true]
      return Self.sequence([digits, Self.byteLevel(cuts: true)], listedUnder: "pretokenizers")
    case .llama3, .qwen2:
      let pattern = PreTokenizer.patterns.first { $0.meaning == words }?.pattern ?? ""
      let split: OrderedJSON = [
        "type": "Split", "pattern": ["Regex": .string(pattern)], "behavior": "Isolated",
        "invert": false,
      ]
      return Self.sequence([split, Self.byteLevel(cuts: false)], listedUnder: "pretokenizers")
    }
  }

  private static func byteLevel(cuts: Bool) -> OrderedJSON {
    [
      "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
      "use_regex": .bool(cuts),
    ]
  }

  /// Puts the tokens of beginning and end around a text.
  private var postProcessor: OrderedJSON {
    let frame = [addsBOS ? bosID : nil, addsEOS ? eosID : nil]
      .map { $0.map { (id: Int($0), text: tokens[Int($0)]) } }
    guard frame.contains(where: { $0 != nil }) else { return .null }
    func pieces(_ sequence: String, _ type: Int) -> OrderedJSON {
      let text: OrderedJSON = ["Sequence": ["id": .string(sequence), "type_id": .integer(type)]]
      let around: [OrderedJSON?] = frame.map { end in
        end.map { ["SpecialToken": ["id": .string($0.text), "type_id": .integer(type)]] }
      }
      return .array([around[0], text, around[1]].compactMap(\.self))
    }
    let special: [OrderedJSON.Member] = frame.compactMap(\.self).map { end in
      .init(
        key: end.text,
        value: [
          "id": .string(end.text), "ids": [.integer(end.id)], "tokens": [.string(end.text)],
        ])
    }
    return [
      "type": "TemplateProcessing", "single": pieces("A", 0),
      "pair": .array((pieces("A", 0).array ?? []) + (pieces("B", 1).array ?? [])),
      "special_tokens": .object(special),
    ]
  }

  private var decoder: OrderedJSON {
    if isByteLevel { return Self.byteLevel(cuts: true) }
    var steps: [OrderedJSON] = [
      ["type": "Replace", "pattern": ["String": "▁"], "content": " "],
      ["type": "ByteFallback"], ["type": "Fuse"],
    ]
    if spacePrefix != .never {
      steps.append(["type": "Strip", "content": " ", "start": 1, "stop": 0])
    }
    return Self.sequence(steps, listedUnder: "decoders")
  }

  private static func sequence(_ steps: [OrderedJSON], listedUnder key: String) -> OrderedJSON {
    if steps.isEmpty { return .null }
    return steps.count == 1 ? steps[0] : ["type": "Sequence", key: .array(steps)]
  }
}

// MARK: - Merges

extension TokenizerDefinition {
  /// The merges as halves, best first.
  private var pairs: [(String, String)] {
    if merges.isEmpty, !isByteLevel { return pairsByScore }
    return merges.compactMap { merge in
      // A half may itself begin with a space, so the first byte is never the gap.
      guard let gap = merge.utf8.dropFirst().firstIndex(of: 0x20) else { return nil }
      return (String(merge[..<gap]), String(merge[merge.utf8.index(after: gap)...]))
    }
  }

  /// Every way to put a token together from two others, the token with the highest score first.
  private var pairsByScore: [(String, String)] {
    let isText = types.map { [.normal, .userDefined, .unused].contains($0) }
    let known = Set(tokens.indices.filter { isText[$0] }.map { Array(tokens[$0].utf8) })
    let order = tokens.indices.filter { isText[$0] }
      .sorted { (scores[$1], $0) < (scores[$0], $1) }
    var pairs: [(String, String)] = []
    for id in order {
      let bytes = Array(tokens[id].utf8)
      for cut in bytes.indices.dropFirst() where bytes[cut] & 0xC0 != 0x80 {
        let (left, right) = (Array(bytes[..<cut]), Array(bytes[cut...]))
        guard known.contains(left), known.contains(right) else { continue }
        pairs.append(
          (String(decoding: left, as: UTF8.self), String(decoding: right, as: UTF8.self)))
      }
    }
    return pairs
  }
}
