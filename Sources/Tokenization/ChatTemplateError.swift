/// Why a chat template cannot be read, or gave no text.
public enum ChatTemplateError: Error, Equatable, Sendable {
  /// The template is not well formed.
  case syntax(line: Int, problem: String)
  /// The template uses something that this interpreter does not know.
  case unsupported(line: Int, construct: String)
  /// Something went wrong while rendering.
  case failed(line: Int, problem: String)
  /// The template itself refused the messages, by `raise_exception`.
  case refused(reason: String)
  /// Rendering went on for too long; `what` says which bound it reached.
  case tooMuch(line: Int, what: String, limit: Int)
}

extension ChatTemplateError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .syntax(let line, let problem): "chat template, line \(line): \(problem)"
    case .unsupported(let line, let construct):
      "chat template, line \(line): \(construct) is not supported"
    case .failed(let line, let problem): "chat template, line \(line): \(problem)"
    case .refused(let reason): "the chat template refuses these messages: \(reason)"
    case .tooMuch(let line, let what, let limit):
      "chat template, line \(line): more than \(limit) \(what)"
    }
  }
}
