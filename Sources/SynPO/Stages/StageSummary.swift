/// What a stage read, made and put aside.
public struct StageSummary: Codable, Equatable, Sendable {
  public var stage: String
  public var made = 0
  /// What could not be used, by reason.
  public var aside: [String: Int] = [:]
  public var seconds: Double = 0

  public init(stage: String) { self.stage = stage }

  public var asideTotal: Int { aside.values.reduce(0, +) }

  /// Share of what came in of which something was made.
  public var yield: Double {
    made + asideTotal == 0 ? 0 : Double(made) / Double(made + asideTotal)
  }
}

extension StageSummary: CustomStringConvertible {
  public var description: String {
    let reasons = aside.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
    let dropped = reasons.isEmpty ? "" : ", set aside: \(reasons.joined(separator: ", "))"
    return "\(made) made\(dropped)"
  }
}
