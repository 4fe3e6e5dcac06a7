/// Why a model or an adapter was refused.
public enum TransformerError: Error, Equatable, Sendable {
  case unknownArchitecture(path: String, name: String)
  case missingKey(path: String, key: String)
  case missingTensor(path: String, name: String)
  case wrongShape(path: String, name: String, found: [Int], expected: [Int])
  case impossibleShape(path: String, reason: String)
  case unsupported(path: String, what: String)
  case unreadable(path: String, reason: String)
  case tooLong(tokens: Int, limit: Int)
}

extension TransformerError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknownArchitecture(let path, let name):
      let known = Architecture.allCases.map(\.rawValue).joined(separator: ", ")
      return "\(path): the architecture is '\(name)'; synpo knows \(known) (mistral is llama)"
    case .missingKey(let path, let key):
      return "\(path): the key \(key) is missing; import the model again from its source"
    case .missingTensor(let path, let name):
      return "\(path): the tensor \(name) is missing; import the model again from its source"
    case .wrongShape(let path, let name, let found, let expected):
      return "\(path): \(name) has the shape \(found), but the model's numbers ask for \(expected)"
    case .impossibleShape(let path, let reason):
      return "\(path): no such model can be: \(reason)"
    case .unsupported(let path, let what):
      return "\(path): \(what) is not supported"
    case .unreadable(let path, let reason):
      return "\(path): \(reason)"
    case .tooLong(let tokens, let limit):
      return "\(tokens) tokens do not fit into \(limit); raise the context size or shorten the text"
    }
  }
}
