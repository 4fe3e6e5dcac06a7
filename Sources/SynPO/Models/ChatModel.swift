internal import Bytes
internal import Foundation
public import ModelFile
public import Tensor
public import Tokenization
public import Transformer

/// A model with its tokenizer and its way of writing conversations.
public struct ChatModel: Sendable {
  public var model: LanguageModel
  public var adapter: Adapter?
  public let tokenizer: Tokenizer
  public let template: ChatTemplate
  /// Ends an answer; it is learnt and scored with it.
  public let endToken: Int32

  /// Tokens at which generation stops.
  public var endTokens: Set<Int32> { tokenizer.endIDs.union([endToken]) }

  /// Tells this model, adapter included, from others.
  public var fingerprint: String

  /// - Parameter template: the model's own where nil; a model without one is refused then.
  public init(
    file: PackedModelFile, template: TemplateChoice = .fromModel, workers: Workers = .shared
  ) throws(SynPOError) {
    do {
      model = try LanguageModel(file: file, workers: workers)
      tokenizer = try Tokenizer(metadata: file.metadata)
      self.template = try template.template(for: tokenizer, path: file.path)
    } catch let error as SynPOError {
      throw error
    } catch {
      throw .model(path: file.path, reason: "\(error)")
    }
    guard let end = tokenizer.endOfTurnID ?? tokenizer.eosID else {
      throw .model(path: file.path, reason: "its tokenizer has no token that ends an answer")
    }
    endToken = end
    fingerprint = file.fingerprint
  }

  /// The tokens of a conversation up to where the answer begins; one beginning-of-text at most.
  public func prompt(_ messages: [ChatMessage]) throws(SynPOError) -> [Int32] {
    do throws(ChatTemplateError) {
      return try tokenizer.encodeChat(messages, with: template, addGenerationPrompt: true)
    } catch {
      throw .model(path: fingerprint, reason: "the chat template refused: \(error)")
    }
  }

  public func prompt(_ question: String) throws(SynPOError) -> [Int32] {
    try prompt([ChatMessage(role: "user", content: question)])
  }

  /// What the generator is asked with, up to where its question begins.
  func generatorPrompt(
    _ templates: RecipeTemplates, keywords: [String]
  ) throws(SynPOError) -> [Int32] {
    try prompt(templates.generatorPrompt(keywords: keywords))
      + tokenizer.encode(RecipeTemplates.questionOpening, parseSpecial: false)
  }

  /// The end of a prompt and the beginnings of answers, each at most half of `contextSize` tokens,
  /// and no longer than the model can read.
  func cut(
    prompt: [Int32], answers: [[Int32]], contextSize: Int
  ) -> (prompt: [Int32], answers: [[Int32]]) {
    let half = min(contextSize, model.contextLimit) / 2
    return (Array(prompt.suffix(half)), answers.map { Array($0.prefix(half)) })
  }

  /// The tokens of an answer with its end token.
  public func answer(_ text: String) -> [Int32] {
    tokenizer.encode(text, parseSpecial: false) + [endToken]
  }

  /// The words of generated tokens up to a stop string, without signs and outer white space.
  public func text(_ tokens: [Int32], stops: [String] = []) -> String {
    AnswerText.whole(tokens, tokenizer, stops: stops)
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }
}

/// Where the chat template is taken from.
public enum TemplateChoice: Equatable, Sendable {
  case fromModel
  case chatML
  /// Contents on lines of their own, for models that never saw a conversation.
  case plain
  case file(String)

  /// Reads the setting `chat_template`.
  public init(setting: String) {
    switch setting {
    case "": self = .fromModel
    case "chatml": self = .chatML
    case "plain": self = .plain
    default: self = .file(setting)
    }
  }

  func template(for tokenizer: Tokenizer, path: String) throws -> ChatTemplate {
    switch self {
    case .fromModel:
      guard let source = tokenizer.definition.chatTemplate else {
        throw SynPOError.noTemplate(path: path)
      }
      return try ChatTemplate(source: source)
    case .chatML: return try .chatML
    case .plain:
      return try ChatTemplate(
        source: "{% for message in messages %}{{ message.content }}\n\n{% endfor %}")
    case .file(let name):
      return try ChatTemplate(source: String(contentsOfFile: name, encoding: .utf8))
    }
  }
}
