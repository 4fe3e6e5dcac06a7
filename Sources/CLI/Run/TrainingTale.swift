import Training

/// Follows one training and puts it into words.
struct TrainingTale: Sendable {
  let name: String
  private var steps = 0
  private var examples = 0
  private var setAside: [SetAside: Int] = [:]
  private var tokens = 0
  private var first: StepReport?
  private var resumedAt = 0
  private let started = ContinuousClock.now

  init(name: String) { self.name = name }

  /// What to show after `event`: how far the training is, and a line at its end.
  mutating func take(_ event: TrainingEvent) -> (Progress?, line: String?) {
    switch event {
    case .begins(let steps, let examples, let setAside):
      self = TrainingTale(name: name)
      (self.steps, self.examples, self.setAside) = (steps, examples, setAside)
      return (progress(done: 0), nil)
    case .resumed(let step):
      resumedAt = step
      return (nil, nil)
    case .step(let report):
      tokens += report.tokens
      first = first ?? report
      return (progress(done: report.step), report.step == steps ? line(to: report) : nil)
    case .saved: return (nil, nil)
    case .looked(let step, let loss, let isLowest):
      let word = isLowest ? ", the lowest" : ""
      return (nil, "step \(step): loss \(fixed(loss, decimals: 3)) on what is held back\(word)")
    case .sampled(let step, let answers):
      return (
        nil,
        "step \(step): \(answers.answers) answers of \(decimal(answers.length)) tokens, "
          + "\(percent(answers.repetitive)) repeat themselves, \(percent(answers.ended)) end"
      )
    case .collapsed(let step, let reason, let backTo):
      return (nil, "stopped at step \(step): \(reason); the result is that of step \(backTo)")
    }
  }

  private func progress(done: Int) -> Progress {
    Progress(title: "train \(name)", unit: "steps", done: done, total: steps, tokens: tokens)
  }

  private func line(to last: StepReport) -> String {
    let seconds = (ContinuousClock.now - started).seconds
    var words = "\(examples) examples"
    if !setAside.isEmpty {
      let reasons = setAside.map { "\($1) \($0.rawValue)" }.sorted()
      words += " (set aside: \(reasons.joined(separator: ", ")))"
    }
    words += ", \(steps) steps"
    if resumedAt > 0 { words += " (from \(resumedAt))" }
    words += ", loss \(fixed(first?.loss ?? 0, decimals: 3)) to \(fixed(last.loss, decimals: 3))"
    if let accuracy = last.rewardsAccuracies, let margin = last.rewardsMargins {
      words += ", accuracy \(percent(accuracy)), margin \(fixed(margin, decimals: 3))"
    }
    let rate = Double(tokens) / max(seconds, 1e-3)
    return words + "  \(decimal(rate)) tokens/s  \(decimal(seconds)) s"
  }
}
