public import Foundation

/// A model's chat template: a Jinja program that writes messages as the model was taught to read them.
///
/// White space is treated as Hugging Face transformers set Jinja up: the line break after a block is
/// dropped (`trim_blocks`), and so is the space before a block that begins a line (`lstrip_blocks`).
public struct ChatTemplate: Sendable {
  public let source: String
  private let body: [JinjaStatement]

  /// Reads `source`. Constructs, filters and tests that are not known are refused here, by name and
  /// line.
  public init(source: String) throws(ChatTemplateError) {
    self.source = source
    var parser = JinjaParser(try JinjaLexer.tokens(of: source))
    body = try parser.template()
  }

  /// The text of `messages`.
  ///
  /// - Parameters:
  ///   - addGenerationPrompt: whether to end with what opens an answer.
  ///   - bosToken, eosToken: the texts of these tokens; templates write them.
  ///   - extra: further variables, such as `tools`; they go before the others.
  ///   - date: what `strftime_now` tells, in universal time. A template that asks for it gives other
  ///     text on another day unless the date is fixed.
  public func render(
    messages: [ChatMessage], addGenerationPrompt: Bool, bosToken: String = "",
    eosToken: String = "", extra: [String: OrderedJSON] = [:], date: Date = Date()
  ) throws(ChatTemplateError) -> String {
    try rendering(
      of: messages, addGenerationPrompt: addGenerationPrompt, bosToken: bosToken,
      eosToken: eosToken, extra: extra, date: date
    ).text
  }

  /// The text of `messages`, and which of it is theirs. Strings in `extra` count as theirs, too;
  /// roles do not if they are plain words, since templates make tokens such as `<|user|>` of them.
  public func rendering(
    of messages: [ChatMessage], addGenerationPrompt: Bool, bosToken: String = "",
    eosToken: String = "", extra: [String: OrderedJSON] = [:], date: Date = Date()
  ) throws(ChatTemplateError) -> ChatRendering {
    var variables: [String: JinjaValue] = [
      "messages": .list(messages.map(JinjaValue.init)),
      "add_generation_prompt": .bool(addGenerationPrompt),
      "bos_token": .string(JinjaString(bosToken)),
      "eos_token": .string(JinjaString(eosToken)),
    ]
    for (name, value) in extra { variables[name] = JinjaValue(foreign: value) }
    let interpreter = JinjaInterpreter(variables: variables, date: date)
    return ChatRendering(try interpreter.render(body))
  }
}

extension ChatTemplate {
  /// The ChatML form, for models that were taught it but carry no template. Never a default.
  public static var chatML: ChatTemplate {
    get throws(ChatTemplateError) {
      try ChatTemplate(
        source: """
          {% for message in messages %}<|im_start|>{{ message.role }}
          {{ message.content }}<|im_end|>
          {% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
          {% endif %}
          """)
    }
  }
}

extension JinjaValue {
  fileprivate init(_ message: ChatMessage) {
    self = .dictionary(
      JinjaDictionary([
        ("role", .string(Self.role(message.role))),
        ("content", .string(JinjaString(message.content, isForeign: true))),
      ]))
  }

  /// A value that is not the template's own.
  init(foreign json: OrderedJSON) {
    switch json {
    case .null: self = .none
    case .bool(let value): self = .bool(value)
    case .integer(let value): self = .int(value)
    case .number(let value): self = .double(value)
    case .string(let text): self = .string(JinjaString(text, isForeign: true))
    case .array(let values): self = .list(values.map(JinjaValue.init(foreign:)))
    case .object(let members):
      self = .dictionary(JinjaDictionary(members.map(Self.member)))
    }
  }

  private static func member(_ member: OrderedJSON.Member) -> (JinjaValue, JinjaValue) {
    let key = JinjaValue.string(JinjaString(member.key, isForeign: true))
    guard member.key == "role", let text = member.value.string else {
      return (key, JinjaValue(foreign: member.value))
    }
    return (key, .string(role(text)))
  }

  /// A plain word has no sign in it that a control token could be made of.
  private static func role(_ text: String) -> JinjaString {
    let isWord = text.unicodeScalars.allSatisfy { scalar in
      scalar.properties.isAlphabetic || scalar.properties.numericType != nil || scalar == "_"
        || scalar == "-" || scalar == " "
    }
    return JinjaString(text, isForeign: !isWord)
  }
}
