import Corpus
import Report
import SynPO
import Tokenization

/// What a model's tokenizer and chat template make of seeds.
struct TemplateLint {
  let settings: RunSettings

  func findings(_ seeds: [Seed]) throws -> [Finding] {
    let chat = try Workbench(settings: settings).initial
    var (refused, spoilt, twice, long): ([String], [String], [String], [String]) = ([], [], [], [])
    for seed in seeds {
      let turns = seed.messages.map { ChatMessage(role: $0.role.rawValue, content: $0.content) }
      guard let prompt = try? chat.prompt(turns) else {
        refused.append(seed.prompt)
        continue
      }
      if holdsControl(seed, chat) { spoilt.append(seed.prompt) }
      if let bos = chat.tokenizer.bosID, prompt.starts(with: [bos, bos]) {
        twice.append(seed.prompt)
      }
      if prompt.count + chat.answer(seed.answer).count > settings.contextSize {
        long.append(seed.prompt)
      }
    }
    let total = seeds.count
    return [
      finding("template_refuses", refused, total, true, "are refused by the chat template"),
      finding(
        "control_tokens", spoilt, total, true,
        "hold the text of a control token: a prompt could end a turn by itself; remove it"),
      finding("two_beginnings", twice, total, true, "begin with the token of beginning twice"),
      finding(
        "too_long", long, total, long.count * 10 > total,
        "are longer than context_size (\(settings.contextSize) tokens) and are cut"),
    ].compactMap(\.self)
  }

  /// Whether reading the text with control tokens gives other ids than reading it as plain text.
  private func holdsControl(_ seed: Seed, _ chat: ChatModel) -> Bool {
    [seed.prompt, seed.answer].contains { text in
      chat.tokenizer.encode(text, parseSpecial: true)
        != chat.tokenizer.encode(text, parseSpecial: false)
    }
  }

  private func finding(
    _ check: String, _ prompts: [String], _ total: Int, _ isWeighty: Bool, _ words: String
  ) -> Finding? {
    guard !prompts.isEmpty else { return nil }
    return Finding(
      check, isWeighty: isWeighty, count: prompts.count, of: total,
      words: "\(prompts.count) of \(total) seeds \(words)",
      examples: prompts.prefix(Finding.mostExamples).map { oneLine($0, limit: 100) })
  }
}
