/// Why a training could not go on.
public enum TrainingError: Error, Equatable, Sendable {
  case noExamples(setAside: [SetAside: Int])
  case notFinite(step: Int, what: String)
  case checkpoint(path: String, reason: String)
  /// There is no earlier state to go back to.
  case collapsed(step: Int, reason: String)
}

extension TrainingError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noExamples(let reasons):
      let list = reasons.sorted { $0.key.rawValue < $1.key.rawValue }
        .map { "\($0.value) \($0.key.rawValue)" }.joined(separator: ", ")
      return "no example is left to learn from (\(list.isEmpty ? "none came in" : list))"
    case .notFinite(let step, let what):
      return
        "at step \(step) the \(what) is no finite number; lower the learning rate or look at the data"
    case .collapsed(let step, let reason):
      return
        "training has collapsed at step \(step): \(reason); there is no earlier state to go back to. "
        + "Lower the learning rate, or let checkpoints be saved more often"
    case .checkpoint(let path, let reason):
      return "\(path): \(reason)"
    }
  }
}
