import SynPO
import Synchronization
import Training

/// Tells a person what a run does, while it does it.
final class RunNarrator: Sendable {
  private let console: Console
  private let state = Mutex(State())

  private struct State {
    var iteration: Int?
    /// The stage under way. Events of one stage go by the name that it began with.
    var stage = Progress(title: "", done: 0)
    var training = TrainingTale(name: "")
  }

  init(console: Console) { self.console = console }

  func tell(_ event: RunEvent) {
    switch event {
    case .opened(let model, let parameters, let seeds, let heldBack, let unusable):
      let lost = unusable > 0 ? "; no seed on \(counted(unusable, "line"))" : ""
      console.note(
        "\(model): \(grouped(parameters)) parameters; \(seeds) seeds to learn from, "
          + "\(heldBack) to measure on\(lost)")
    case .resumed(let folder): console.note("going on in \(folder)")
    case .began(let stage, let iteration, let total):
      begin(iteration)
      show(stage: stage, done: 0, total: total)
    case .progress(_, let done, _): show(done: done)
    case .ended(let summary, _): console.note(Self.line(summary))
    case .training(let name, let iteration, let event):
      begin(iteration)
      tell(event, of: name)
    case .rewardHead(let pairs, let accuracy, let heldBackAccuracy):
      console.note(Self.rewardHead(pairs, accuracy, heldBackAccuracy))
    case .validated(let validation):
      console.note(Self.entry("measured", validation.inWords))
    case .iterationEnded(let report): tell(report)
    case .stopped(let reason): console.note("stopped: \(reason)")
    case .finished: console.clear()
    }
  }

  /// Opens a new part of the tale where the iteration is a new one.
  private func begin(_ iteration: Int) {
    let isNew = state.withLock { state in
      defer { state.iteration = iteration }
      return state.iteration != iteration
    }
    guard isNew else { return }
    console.note(iteration == 0 ? "\nbefore the first iteration" : "\niteration \(iteration)")
  }

  private func show(stage: String? = nil, done: Int, total: Int? = nil) {
    let progress = state.withLock { state in
      if let stage { state.stage = Progress(title: stage, done: done, total: total) }
      state.stage.done = done
      return state.stage
    }
    console.show(progress)
  }

  private func tell(_ event: TrainingEvent, of name: String) {
    let (progress, line) = state.withLock { state in
      if state.training.name != name { state.training = TrainingTale(name: name) }
      return state.training.take(event)
    }
    if let progress { console.show(progress) }
    if let line { console.note(Self.entry("train \(name)", line)) }
  }

  private func tell(_ report: IterationReport) {
    let pairs = report.pairs
    var words = "\(pairs.added) of \(pairs.kept) pairs joined the set of \(report.allPairs)"
    if pairs.checked > 0 {
      words +=
        "; right by the exact checker: chosen \(share(pairs.chosenRight, pairs.checked)), "
        + "rejected \(share(pairs.rejectedRight, pairs.checked))"
    }
    console.note(Self.entry("grown", words))
    for example in report.examples { console.note(example.inWords) }
  }

  /// A stage's name and what there is to say of it.
  private static func entry(_ name: String, _ words: String) -> String {
    "  " + name.padding(to: 16) + " " + words
  }

  private static func line(_ summary: StageSummary) -> String {
    let time = summary.seconds > 0 ? "  \(decimal(summary.seconds)) s" : ""
    let yield = summary.asideTotal > 0 ? "  yield \(percent(summary.yield))" : ""
    return entry(summary.stage, "\(summary)\(yield)\(time)")
  }

  private static func rewardHead(
    _ pairs: Int, _ accuracy: Double, _ heldBackAccuracy: Double?
  ) -> String {
    let heldBack = heldBackAccuracy.map { ", \(percent($0)) of those kept apart" } ?? ""
    return entry(
      "reward head", "fitted to \(pairs) pairs; right about \(percent(accuracy))\(heldBack)")
  }
}

extension Validation {
  /// The numbers that matter most, in one line.
  var inWords: String {
    var parts: [String] = []
    if let accuracy { parts.append("\(percent(accuracy)) of \(checked) right") }
    parts.append("mean score \(fixed(meanScore, decimals: 3))")
    if let exactDuel { parts.append("win rate \(percent(exactDuel.winRate))") }
    if let winRate { parts.append("better than at first in \(percent(winRate)) to the scorer") }
    if let agreement {
      parts.append("which ranks \(percent(agreement.share)) of \(agreement.pairs) rightly")
    }
    parts.append("gold loss \(fixed(goldLoss, decimals: 3))")
    return parts.joined(separator: ", ")
  }
}

extension IterationReport.PairExample {
  var inWords: String {
    columns([
      ("  keywords", keywords.joined(separator: ", ")), ("  prompt", oneLine(prompt)),
      ("  chosen", oneLine(chosen)),
      ("  rejected", oneLine(rejected) + "   (lead \(fixed(lead, decimals: 2)))"),
    ])
  }
}
