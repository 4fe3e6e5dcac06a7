/// Curves of all trainings, one line an iteration.
struct TrainingSection {
  let metrics: MetricsLog

  var body: [Markup] {
    let plots = [
      plot("Policy: loss", "policy", "loss", "loss"),
      plot("Policy: reward margin", "policy", "rewards/margins", "margin"),
      plot("Policy: chosen before rejected", "policy", "rewards/accuracies", "share of pairs"),
      logProbabilities,
      plot("Improver: loss", "improver", "loss", "nats a token"),
      plot("Generator: loss", "generator", "loss", "nats a token"),
    ].compactMap(\.self)
    return plots.isEmpty ? [] : [Pieces.plots(plots), note]
  }

  private func plot(_ title: String, _ training: String, _ name: String, _ y: String) -> Markup? {
    let lines = metrics.curves.filter { $0.training == training }.compactMap { curve in
      let points = curve.points(name)
      return points.count < 2
        ? nil : LinePlot.Line(name: "iteration \(curve.iteration)", points: points)
    }
    guard !lines.isEmpty else { return nil }
    return LinePlot(title: title, x: "step", y: y, lines: lines).svg
  }

  /// Margins can look well while both likelihoods fall: they are shown as they are.
  private var logProbabilities: Markup? {
    guard let last = metrics.curves.last(where: { $0.training == "policy" }) else { return nil }
    let lines = ["chosen", "rejected"].compactMap { side -> LinePlot.Line? in
      let points = last.points("logps/\(side)")
      return points.count < 2 ? nil : LinePlot.Line(name: side, points: points)
    }
    guard !lines.isEmpty else { return nil }
    return LinePlot(
      title: "Policy, iteration \(last.iteration): log-probability a token", x: "step",
      y: "nats", lines: lines
    ).svg
  }

  private var note: Markup {
    """
    <p class="note">A margin that grows while both log-probabilities fall far is a sign of collapse: \
    raise beta or lower the learning rate.</p>
    """
  }
}
