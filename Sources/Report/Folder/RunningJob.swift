internal import Bytes
internal import Foundation
public import SynPO

/// The process that works, or has worked, in a run's folder, and the machine it is on: `job.json`.
public struct RunningJob: Codable, Equatable, Sendable {
  public var machine: MachineFacts
  public var host: String
  public var processID: Int32
  /// When the process started, in the kernel's ticks since boot: ids are given out again.
  public var startTicks: String
  /// Seconds since 1970.
  public var began: Double

  /// This process, now.
  public static func here() -> RunningJob {
    let id = ProcessInfo.processInfo.processIdentifier
    return RunningJob(
      machine: .here(), host: ProcessInfo.processInfo.hostName, processID: id,
      startTicks: ticks(of: id) ?? "", began: Date().timeIntervalSince1970)
  }

  /// Nil where there is no such file, or none that can be read.
  public init?(in folder: RunFolder) {
    let data = FileManager.default.contents(atPath: folder.file("job.json"))
    guard let data, let job = try? JSONDecoder().decode(Self.self, from: data) else { return nil }
    self = job
  }

  init(
    machine: MachineFacts, host: String, processID: Int32, startTicks: String, began: Double
  ) {
    (self.machine, self.host, self.processID) = (machine, host, processID)
    (self.startTicks, self.began) = (startTicks, began)
  }

  public func write(to folder: RunFolder) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try folder.make()
    try FileReplacement.write([UInt8](try encoder.encode(self)), to: folder.file("job.json"))
  }

  /// Whether the process is still there; nil where it was on another machine.
  public var isRunning: Bool? {
    guard host == ProcessInfo.processInfo.hostName else { return nil }
    return Self.ticks(of: processID) == startTicks
  }

  /// The 22nd field of `/proc/PID/stat`; the second, the program's name, may hold spaces.
  private static func ticks(of id: Int32) -> String? {
    guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
      let end = text.lastIndex(of: ")")
    else { return nil }
    let fields = text[end...].split(separator: " ")
    return fields.count > 20 ? String(fields[20]) : nil
  }
}
