/// Why a tokenizer could not be made from what a file says.
public enum TokenizerError: Error, Equatable, Sendable {
  case malformedJSON(file: String, offset: Int, problem: String)
  case missing(field: String, file: String)
  case wrongType(field: String, file: String, wanted: String)
  case unknownModel(String, known: [String])
  case unknownPreTokenizer(String, known: [String])
  case unsupported(part: String, found: String)
  case idOutOfRange(Int, what: String, limit: Int)
  case lengthMismatch(what: String, count: Int, tokens: Int)
  case badMerge(line: Int, text: String, problem: String)
  case noTokens(file: String)
  case unknownToken(String, role: String)
}

extension TokenizerError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformedJSON(let file, let offset, let problem):
      "\(file): no valid JSON at byte \(offset): \(problem)"
    case .missing(let field, let file):
      "\(file): `\(field)` is missing; without it the text cannot be tokenized"
    case .wrongType(let field, let file, let wanted):
      "\(file): `\(field)` should be \(wanted)"
    case .unknownModel(let name, let known):
      "tokenizer model `\(name)` is not known; known are \(listed(known))"
    case .unknownPreTokenizer(let name, let known):
      "pre-tokenizer `\(name)` is not known, and a guess would give wrong ids; "
        + "known are \(listed(known))"
    case .unsupported(let part, let found):
      "the tokenizer's \(part) is not supported: \(found)"
    case .idOutOfRange(let id, let what, let limit):
      "\(what) has the id \(id), which is not in 0..<\(limit)"
    case .lengthMismatch(let what, let count, let tokens):
      "\(what) has \(count) entries for \(tokens) tokens"
    case .badMerge(let line, let text, let problem):
      "merge \(line) (`\(text.prefix(60))`) \(problem)"
    case .noTokens(let file):
      "\(file): the vocabulary is empty"
    case .unknownToken(let text, let role):
      "the \(role) token `\(text.prefix(60))` is not in the vocabulary"
    }
  }

  private func listed(_ names: [String]) -> String { names.joined(separator: ", ") }
}
