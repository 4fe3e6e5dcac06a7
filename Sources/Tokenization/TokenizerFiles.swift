extension TokenizerDefinition {
  /// Reads the tokenizer of a Hugging Face model folder from the contents of its files.
  ///
  /// - Parameters:
  ///   - tokenizerJSON: `tokenizer.json`.
  ///   - tokenizerConfig: `tokenizer_config.json`, which names the special tokens.
  ///   - specialTokensMap: `special_tokens_map.json`, asked for what the former does not say.
  ///   - chatTemplateFile: `chat_template.jinja`, which goes before a template in the configuration.
  public init(
    tokenizerJSON: [UInt8], tokenizerConfig: [UInt8]? = nil, specialTokensMap: [UInt8]? = nil,
    chatTemplateFile: String? = nil
  ) throws(TokenizerError) {
    let reader = HuggingFaceTokenizer(
      root: try Self.parse(tokenizerJSON, HuggingFaceTokenizer.file),
      config: try Self.parse(optional: tokenizerConfig, "tokenizer_config.json"),
      specialTokensMap: try Self.parse(optional: specialTokensMap, "special_tokens_map.json"))
    self = try reader.definition(chatTemplateFile: chatTemplateFile)
  }

  private static func parse(
    optional bytes: [UInt8]?, _ file: String
  ) throws(TokenizerError) -> OrderedJSON? {
    guard let bytes else { return nil }
    return try parse(bytes, file)
  }

  private static func parse(
    _ bytes: [UInt8], _ file: String
  ) throws(TokenizerError) -> OrderedJSON {
    do throws(OrderedJSONError) {
      return try OrderedJSON(parsing: bytes)
    } catch {
      throw .malformedJSON(file: file, offset: error.offset, problem: error.problem)
    }
  }
}
