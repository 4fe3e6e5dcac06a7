import ArgumentParser
import Foundation
import Report
import SynPO

struct WatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Shows how far a running run is, and ends when it does.",
    discussion: """
      Only the files in the run's folder are looked at, so that it works from another terminal and \
      never disturbs the run. Exit code 1 where the run has stopped without a result.
      """)

  @Argument(
    help: ArgumentHelp("The output folder of a run.", valueName: "run"), completion: .directory)
  var folder: String
  @Option(help: "Seconds between two looks.") var interval = 1.0
  @Option(help: "Without news for as many seconds, a run whose process is unknown counts as ended.")
  var patience = 120.0
  @Flag(help: "Look once and end.") var once = false
  @Flag(help: "Each look as one JSON object.") var json = false

  func validate() throws {
    guard interval >= 0.05 else { throw ValidationError("--interval must be at least 0.05.") }
  }

  func run() async throws {
    var tale = WatchTale()
    var lastNews = Date()
    while true {
      let files = try RunFiles(folder)
      let status = RunStatus(files)
      let lines = tale.take(status, at: Date())
      if tale.hasNews { lastNews = Date() }
      try tell(status, lines, tale.line(status, at: Date()))
      if status.isFinished, files.job?.isRunning != true { return Console.standard.clear() }
      if once { return }
      let isGone =
        files.job?.isRunning.map { !$0 } ?? (Date().timeIntervalSince(lastNews) > patience)
      if isGone {
        Console.standard.note(
          "nobody works on \(folder) any more; the same `synpo run` goes on with it")
        throw ExitKind.failed
      }
      try await Task.sleep(for: .seconds(interval))
    }
  }

  private func tell(_ status: RunStatus, _ lines: [String], _ line: String) throws {
    if json { return try Results.write(json: WatchFacts(status)) }
    for line in lines { Console.standard.note(line) }
    if once || !Console.standard.isLive {
      Console.standard.note(line)
    } else {
      Console.standard.show(line: line)
    }
  }
}

/// Follows the states of a run and puts their changes into words. It never looks at a clock itself.
struct WatchTale {
  private var done: [String] = []
  private var told = 0
  private var step = ""
  private var since: (date: Date, done: Int)?
  private var lastDone = -1
  /// Whether the last state was another than the one before.
  private(set) var hasNews = false

  /// What has ended since the last state, a line each.
  mutating func take(_ status: RunStatus, at now: Date) -> [String] {
    let finished = status.steps.filter { $0.state == .done }.map(Self.name)
    var lines = finished.filter { !done.contains($0) }.map { "  \($0): done" }
    done = finished
    for validation in status.validations.dropFirst(told) {
      lines.append("  iteration \(validation.iteration): \(validation.inWords)")
    }
    told = status.validations.count
    let current = status.current
    hasNews = !lines.isEmpty || current?.done != lastDone
    lastDone = current?.done ?? -1
    let name = current.map(Self.name) ?? ""
    if name != step {
      step = name
      since = current.map { (now, $0.done) }
    }
    return lines
  }

  /// Where the run is now: the step, how far, how fast, how long still.
  func line(_ status: RunStatus, at now: Date) -> String {
    guard let current = status.current else {
      return status.isFinished ? "the run has ended" : "all steps are done, the report is not"
    }
    let unit = current.isTraining ? "steps" : "records"
    let total = current.total.map { "/\($0)" } ?? ""
    var parts = ["\(Self.name(current))  \(current.done)\(total) \(unit)"]
    if let since, now > since.date, current.done > since.done {
      let rate = Double(current.done - since.done) / now.timeIntervalSince(since.date)
      parts.append("\(decimal(rate))/s")
      if let total = current.total, total > current.done {
        parts.append("\(clock(Double(total - current.done) / rate)) left")
      }
    }
    for name in ["loss", "rewards/margins"] {
      if let value = status.metrics[name] { parts.append("\(name) \(fixed(value, decimals: 3))") }
    }
    if let seconds = status.secondsPerIteration {
      let open = Set(status.steps.filter { $0.state != .done }.map(\.iteration)).count
      parts.append("about \(clock(seconds * Double(open))) for the rest")
    }
    return parts.joined(separator: "  ")
  }

  private static func name(_ step: RunStatus.Step) -> String {
    let place = step.iteration == 0 ? "before the first iteration" : "iteration \(step.iteration)"
    return "\(place), \(step.isTraining ? "train " : "")\(step.name)"
  }
}

/// A state as JSON.
struct WatchFacts: Encodable {
  let step: String?
  let iteration: Int?
  let done: Int?
  let total: Int?
  let isFinished: Bool
  let metrics: [String: Double]
  let validations: [Validation]

  init(_ status: RunStatus) {
    let current = status.current
    (step, iteration) = (current?.name, current?.iteration)
    (done, total) = (current?.done, current?.total)
    (isFinished, metrics) = (status.isFinished, status.metrics)
    validations = status.validations
  }
}
