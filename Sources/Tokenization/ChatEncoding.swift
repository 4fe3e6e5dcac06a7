public import Foundation

extension Tokenizer {
  /// The text of `id` as templates write it; empty where there is none.
  private func text(of id: Int32?) -> String {
    guard let id else { return "" }
    return definition.tokens[Int(id)]
  }

  /// The text of a chat by `template`, which writes this tokenizer's tokens of beginning and end.
  public func render(
    _ messages: [ChatMessage], with template: ChatTemplate, addGenerationPrompt: Bool,
    extra: [String: OrderedJSON] = [:], date: Date = Date()
  ) throws(ChatTemplateError) -> ChatRendering {
    try template.rendering(
      of: messages, addGenerationPrompt: addGenerationPrompt, bosToken: text(of: bosID),
      eosToken: text(of: eosID), extra: extra, date: date)
  }

  /// The ids of a chat. If the tokenizer is one that begins texts with a BOS, there is exactly one:
  /// the template's own, or one put before what it writes.
  ///
  /// Control tokens are those that the template writes. In what the messages bring, their names are
  /// text like any other.
  public func encodeChat(
    _ messages: [ChatMessage], with template: ChatTemplate, addGenerationPrompt: Bool,
    extra: [String: OrderedJSON] = [:], date: Date = Date()
  ) throws(ChatTemplateError) -> [Int32] {
    encode(
      try render(
        messages, with: template, addGenerationPrompt: addGenerationPrompt, extra: extra,
        date: date))
  }

  /// The ids of a chat that has been rendered already; see ``encodeChat``.
  public func encode(_ chat: ChatRendering) -> [Int32] {
    let ids = encode(chat.text, plain: chat.foreignRanges)
    guard definition.addsBOS, let bosID, ids.first != bosID else { return ids }
    return [bosID] + ids
  }
}
