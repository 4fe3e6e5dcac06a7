internal import Bytes
internal import Foundation

/// The computer that a run was made on, as far as its results in time and memory depend on it.
public struct MachineFacts: Codable, Equatable, Sendable {
  public var processor: String
  public var cores: Int
  public var memoryBytes: Int
  public var system: String

  /// This one.
  public static func here() -> MachineFacts {
    MachineFacts(
      processor: line("model name", in: "/proc/cpuinfo") ?? "unknown",
      cores: ProcessInfo.processInfo.activeProcessorCount,
      memoryBytes: ResidentMemory.machine()?.bytes ?? 0,
      system: ProcessInfo.processInfo.operatingSystemVersionString)
  }

  private static func line(_ key: String, in path: String) -> String? {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
    return line?.split(separator: ":", maxSplits: 1).last.map {
      $0.trimmingCharacters(in: .whitespaces)
    }
  }
}
