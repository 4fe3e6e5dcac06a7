import TestSupport

/// The built `rlog`, as a person would run it.
enum RLogTool {
  typealias Outcome = BuiltTools.Outcome

  static let path = BuiltTools.path(of: "rlog")

  /// Runs a shell line in which `rlog` is the built one.
  static func run(_ line: String, in folder: TemporaryFolder) throws -> Outcome {
    try BuiltTools.run(line, in: folder)
  }
}
