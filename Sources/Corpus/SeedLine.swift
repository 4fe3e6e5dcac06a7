import Foundation

/// The columns of a line that may be a seed, in the spellings that are in use.
///
/// `messages`; sharegpt's `conversations`; `prompt` with `completion`; `prompt`, `chosen` and
/// `rejected`; alpaca's `instruction`, `input` and `output` (or `response`) with `system` and
/// `history`; `question` with `answer`. Others are ignored.
struct SeedLine: Decodable {
  private var messages: Turns?
  private var conversations: Turns?
  private var prompt: Turns?
  private var completion: Turns?
  private var chosen: Turns?
  private var rejected: Turns?
  private var instruction: String?
  private var input: String?
  private var output: String?
  private var response: String?
  private var question: String?
  private var answer: String?
  private var system: String?
  private var history: Turns?

  init(json: [UInt8]) throws(JSONProblem) {
    do {
      self = try JSONDecoder().decode(SeedLine.self, from: Data(json))
    } catch {
      throw JSONProblem(error)
    }
  }

  func seed(from source: String) throws(JSONProblem) -> Seed {
    var turns = try conversation()
    guard let last = turns.popLast(), last.role == .assistant else {
      throw JSONProblem("the last turn is not the assistant's answer")
    }
    guard let prompt = turns.popLast(), prompt.role == .user else {
      throw JSONProblem("the turn before the answer is not the user's")
    }
    guard !isBlank(last.content) else { throw JSONProblem("the answer is empty") }
    guard !isBlank(prompt.content) else { throw JSONProblem("the prompt is empty") }
    return Seed(
      prompt: prompt.content, history: turns, answer: last.content,
      rejected: rejected?.messages(of: .assistant).last?.content,
      source: source)
  }

  /// All turns up to the answer, whichever columns they are in.
  private func conversation() throws(JSONProblem) -> [Message] {
    let before = opening + (history?.messages(of: .user) ?? [])
    if let good = chosen ?? completion {
      let answer = good.messages(of: .assistant)
      // Some files repeat the prompt in front of the answer.
      if answer.count > 1 { return before + answer }
      guard let prompt else { throw JSONProblem("the column 'prompt' is missing") }
      return before + prompt.messages(of: .user) + answer
    }
    if let turns = messages ?? conversations { return before + turns.messages(of: .user) }
    if let instruction, let answer = output ?? response {
      let parts = [instruction, input ?? ""].filter { !isBlank($0) }
      return before + [
        Message(.user, parts.joined(separator: "\n\n")), Message(.assistant, answer),
      ]
    }
    if let question, let answer {
      return before + [Message(.user, question), Message(.assistant, answer)]
    }
    throw JSONProblem("no columns that make a prompt and an answer")
  }

  private var opening: [Message] {
    guard let system, !isBlank(system) else { return [] }
    return [Message(.system, system)]
  }
}

private func isBlank(_ text: String) -> Bool { text.allSatisfy(\.isWhitespace) }

/// A column that is a text, a list of messages, or a list of question-answer pairs.
private enum Turns: Decodable {
  case text(String)
  case messages([Message])

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let text = try? value.decode(String.self) {
      self = .text(text)
    } else if let pairs = try? value.decode([[String]].self) {
      let roles: [Message.Role] = [.user, .assistant]
      self = .messages(pairs.flatMap { zip(roles, $0).map { Message($0, $1) } })
    } else {
      self = .messages(try value.decode([ForeignMessage].self).map(\.message))
    }
  }

  /// The turns; a plain text is one of `role`.
  func messages(of role: Message.Role) -> [Message] {
    switch self {
    case .text(let text): [Message(role, text)]
    case .messages(let messages): messages
    }
  }
}

/// A turn in the spellings that are in use.
private struct ForeignMessage: Decodable {
  let message: Message

  private enum CodingKeys: String, CodingKey { case role, content, from, value }

  private struct Part: Decodable { let text: String? }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let isShareGPT = values.contains(.from)
    let role = try values.decode(String.self, forKey: isShareGPT ? .from : .role)
    let key: CodingKeys = isShareGPT ? .value : .content
    let content: String
    if let text = try? values.decode(String.self, forKey: key) {
      content = text
    } else {
      content = try values.decode([Part].self, forKey: key).compactMap(\.text).joined()
    }
    message = Message(try Self.role(role, at: decoder), content)
  }

  private static func role(_ name: String, at decoder: any Decoder) throws -> Message.Role {
    switch name.lowercased() {
    case "system", "developer": .system
    case "user", "human", "prompter": .user
    case "assistant", "gpt", "model", "bot", "chatgpt": .assistant
    default:
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "unknown role '\(name)'"))
    }
  }
}
