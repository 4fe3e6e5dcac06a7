import Foundation

/// Reference data that stands beside the project's folder and is not part of it.
///
/// Tests that need it say so with `.enabled(if: Shared.isPresent)`.
public enum Shared {
  private static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "shared")

  public static var isPresent: Bool { FileManager.default.fileExists(atPath: root.path) }

  /// The path of a file or folder, such as `fixtures/llama/expected.json`.
  public static func path(_ relative: String) -> String { root.appending(path: relative).path }
}
