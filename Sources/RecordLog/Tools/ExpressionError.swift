/// Why an expression cannot be read, or has no value for a record.
public struct ExpressionError: Error, Equatable, Sendable {
  public enum Problem: Error, Equatable, Sendable {
    /// `column` counts characters from 1.
    case syntax(expected: String, column: Int, text: String)
    case incomparable(String, String, String)
    case unfit(String, String)
    case notCondition(String)
    case notJSON(JSONSyntax.Fault)
  }

  public var problem: Problem
  /// Of the record, where there is one.
  public var sequence: UInt64?

  public init(_ problem: Problem, sequence: UInt64? = nil) {
    self.problem = problem
    self.sequence = sequence
  }
}

extension ExpressionError: CustomStringConvertible {
  public var description: String {
    let place = sequence.map { "record \($0): " } ?? ""
    return place + problem.text
  }
}

extension ExpressionError.Problem {
  fileprivate var text: String {
    switch self {
    case .syntax(let expected, let column, let text):
      "\(expected) expected at column \(column) of: \(text)"
    case .incomparable(let a, let comparison, let b):
      "\(a) \(comparison) \(b) has no meaning: compare values of one kind"
    case .unfit(let function, let kind): "\(function)() does not take \(kind)"
    case .notCondition(let kind): "a condition is true or false, not \(kind)"
    case .notJSON(let fault): "not a JSON record: \(fault)"
    }
  }
}
