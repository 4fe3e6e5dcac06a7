import Foundation

/// The built `synpo` and `rlog`, as a person would run them.
public enum BuiltTools {
  /// What a shell line came to.
  public struct Outcome: Sendable {
    public var code: Int32
    public var output: String
    public var complaint: String

    public var lines: [String] { output.split(separator: "\n").map(String.init) }

    /// Each line of the output as a JSON object.
    public func objects() throws -> [[String: Any]] {
      try lines.map { line in
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
      }
    }
  }

  /// Executables stand where the test bundle stands.
  public static func path(of tool: String) -> String {
    let bundle = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(filePath: bundle ?? CommandLine.arguments[0]).deletingLastPathComponent()
      .appending(path: tool).path
  }

  /// Runs a shell line in which `synpo` and `rlog` are the built ones.
  public static func run(_ line: String, in folder: TemporaryFolder) throws -> Outcome {
    let output = folder.file("stdout-\(UUID().uuidString)")
    let tools = ["synpo", "rlog"].map { "\($0)() { \(path(of: $0)) \"$@\"; }; " }.joined()
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", "exec 2>\(output).err >\(output); \(tools)\(line)"]
    process.currentDirectoryURL = folder.url
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return Outcome(
      code: process.terminationStatus, output: try text(output),
      complaint: try text(output + ".err"))
  }

  private static func text(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
  }
}
