import Bytes

/// How far some work has come.
struct Progress: Equatable, Sendable {
  /// What is being done, such as `import`.
  var title: String
  /// What is counted.
  var unit = "records"
  var done: Int
  /// Nil where it is not known beforehand.
  var total: Int?
  /// Tokens read and written so far, where there are any.
  var tokens = 0
}

/// Turns progress into a line of text, and decides when a new line is due.
///
/// It never looks at a clock itself.
struct ProgressLine: Sendable {
  let title: String
  /// The least time between two lines.
  let interval: Duration
  let started: ContinuousClock.Instant
  private var shown: ContinuousClock.Instant?

  init(
    title: String, interval: Duration, started: ContinuousClock.Instant, showsAtOnce: Bool
  ) {
    self.title = title
    self.interval = interval
    self.started = started
    shown = showsAtOnce ? nil : started
  }

  /// The line to show now; nil where the last one is too recent.
  mutating func text(
    for progress: Progress, at now: ContinuousClock.Instant, memory: () -> ByteCount?
  ) -> String? {
    if let shown, now - shown < interval { return nil }
    shown = now
    return Self.text(for: progress, elapsed: now - started, memory: memory())
  }

  /// Such as `respond  120/400 records  8.1/s  940 tokens/s  0:35 left  412.0 MiB`.
  static func text(for progress: Progress, elapsed: Duration, memory: ByteCount?) -> String {
    let seconds = max(elapsed.seconds, 1e-3)
    let rate = Double(progress.done) / seconds
    var parts = [progress.title]
    let total = progress.total.map { "/\($0)" } ?? ""
    parts.append("\(progress.done)\(total) \(progress.unit)")
    if progress.done > 0 { parts.append("\(decimal(rate))/s") }
    if progress.tokens > 0 {
      parts.append("\(decimal(Double(progress.tokens) / seconds)) tokens/s")
    }
    if let total = progress.total, progress.done > 0, total > progress.done {
      parts.append("\(clock(Double(total - progress.done) / rate)) left")
    }
    if let memory { parts.append("\(memory)") }
    return parts.joined(separator: "  ")
  }
}
