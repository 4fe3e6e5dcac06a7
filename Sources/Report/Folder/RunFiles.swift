internal import Foundation
public import SynPO

/// What a run has written of itself beside its logs.
public struct RunFiles: Sendable {
  public let logs: RunLogs
  public let settings: RunSettings
  /// Nil while the run has not ended.
  public let report: RunReport?
  /// Iterations that have ended.
  public let iterations: [IterationReport]
  public let metrics: MetricsLog
  public let job: RunningJob?

  public init(_ path: String) throws {
    let folder = RunFolder(path)
    guard let yaml = FileManager.default.contents(atPath: folder.file("run.yaml")) else {
      throw ReportError.noRun(folder: path)
    }
    logs = RunLogs(folder)
    settings = try SettingsFile.settings(
      yaml: String(decoding: yaml, as: UTF8.self), base: RunSettings(),
      path: folder.file("run.yaml"))
    report = try Self.read(RunReport.self, at: folder.file("report.json"))
    var reports = report?.iterations ?? []
    if report == nil {
      for number in 1..<(logs.iterations + 1) {
        let path = folder.iteration(number).file("report.json")
        if let one = try Self.read(IterationReport.self, at: path) { reports.append(one) }
      }
    }
    iterations = reports
    metrics = MetricsLog(path: folder.file("metrics.jsonl"))
    job = RunningJob(in: folder)
  }

  /// Nil where there is no such file.
  private static func read<T: Decodable>(_: T.Type, at path: String) throws -> T? {
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do { return try decoder.decode(T.self, from: data) } catch {
      throw ReportError.unreadable(path: path, reason: "not a report as this version writes it")
    }
  }
}
