import Tokenization

extension FuzzTarget {
  /// A template from a model file, and a conversation written with it.
  static let chatTemplate = FuzzTarget("chat-template") { bytes in
    guard let source = String(validating: bytes, as: UTF8.self),
      let template = try? ChatTemplate(source: source)
    else { return false }
    let messages = [
      ChatMessage(role: "system", content: " Be  brief.\n"),
      ChatMessage(role: "user", content: "1 + 1 <= 3? \"é\" 🙂"),
      ChatMessage(role: "assistant", content: ""),
    ]
    let text = try? template.render(
      messages: messages, addGenerationPrompt: true, bosToken: "<s>", eosToken: "</s>",
      extra: ["tools": .array([.object([.init(key: "name", value: .integer(7))])])])
    return text != nil
  }
}
