import Foundation
import TestSupport

/// The built `rlog`, as a person would run it.
enum RLogTool {
  struct Outcome {
    var code: Int32
    var output: String
    var complaint: String

    var lines: [String] { output.split(separator: "\n").map(String.init) }

    /// Each line as a JSON object.
    func objects() throws -> [[String: Any]] {
      try lines.map { line in
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
      }
    }
  }

  /// Executables stand where the test bundle stands.
  static let path: String = {
    let bundle = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(filePath: bundle ?? CommandLine.arguments[0]).deletingLastPathComponent()
      .appending(path: "rlog").path
  }()

  /// Runs a shell line in which `rlog` is the built one.
  static func run(_ line: String, in folder: TemporaryFolder) throws -> Outcome {
    let output = folder.file("stdout-\(UUID().uuidString)")
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = [
      "-c", "exec 2>\(output).err >\(output); rlog() { \(path) \"$@\"; }; \(line)",
    ]
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
