internal import SynPO

/// Win rates and validation by iteration.
struct OutcomeSection {
  let analysis: RunAnalysis

  var body: [Markup] {
    guard !analysis.validations.isEmpty else { return [] }
    return [Pieces.plots(plots), validations, wins, note]
  }

  private var plots: [Markup] {
    var plots: [Markup] = []
    let judges = analysis.validations.flatMap { $0.wins.map(\.judge) }
    for judge in judges.enumerated().filter({ judges.firstIndex(of: $1) == $0 }).map(\.element) {
      plots.append(winPlot(judge))
    }
    let right = analysis.validations.compactMap { one in one.right.map { (one.iteration, $0) } }
    if !right.isEmpty {
      plots.append(
        IntervalPlot(
          title: "Right answers, by the exact checker", y: "% right",
          series: [.init(name: "right", marks: right)]
        ).svg)
    }
    let losses = analysis.validations.compactMap { one in
      one.numbers.map { (x: Double(one.iteration), y: $0.goldLoss) }
    }
    if losses.count > 1 {
      plots.append(
        LinePlot(
          title: "Loss of the gold answers", x: "iteration", y: "nats a token",
          lines: [.init(name: "gold loss", points: losses)]
        ).svg)
    }
    return plots
  }

  private func winPlot(_ judge: String) -> Markup {
    let marks = analysis.validations.compactMap { one in
      one.wins.first { $0.judge == judge }.map { (one.iteration, $0.rate) }
    }
    return IntervalPlot(
      title: "Wins against the initial model, by \(spaced(judge))", y: "% won",
      series: [
        .init(name: "raw", marks: marks.map { ($0.0, $0.1.raw) }),
        .init(name: "length-controlled", marks: marks.map { ($0.0, $0.1.lengthControlled) }),
      ], level: 0.5
    ).svg
  }

  private var validations: Markup {
    Pieces.table(
      "Validation by iteration",
      head: ["model", "right", "score", "gold loss", "characters", "repetitive", ""],
      rows: analysis.validations.map { one in
        let numbers = one.numbers
        return [
          one.iteration == 0 ? "initial" : "iteration \(one.iteration)",
          one.right.map { Pieces.interval(($0.value, $0.low, $0.high)) } ?? "–",
          "\(numbers.map { fixed($0.meanScore, 3) } ?? "–")",
          "\(numbers.map { fixed($0.goldLoss, 3) } ?? "–")",
          "\(one.answers.characters.map { fixed($0.mean, 1) } ?? "–")",
          "\(percent(one.answers.repetitive))",
          one.iteration == analysis.best ? "<strong>kept</strong>" : "",
        ]
      })
  }

  private var wins: Markup {
    let rows = analysis.validations.flatMap { one in
      one.wins.map { wins -> [Markup] in
        let (raw, controlled) = (wins.rate.raw, wins.rate.lengthControlled)
        return [
          "iteration \(one.iteration)", "\(spaced(wins.judge))",
          Pieces.interval((raw.value, raw.low, raw.high)),
          Pieces.interval((controlled.value, controlled.low, controlled.high)),
          "\(wins.rate.ties) of \(wins.rate.encounters)",
          "\(wins.rate.longerWins.map { percent($0) } ?? "–")",
        ]
      }
    }
    guard !rows.isEmpty else { return "" }
    return Pieces.table(
      "Wins against the initial model",
      head: ["model", "judge", "raw", "length-controlled", "ties", "the longer wins"], rows: rows)
  }

  private var note: Markup {
    """
    <p class="note">Ties count half. In brackets the middle 95 % of \(Bootstrap.replicates) bootstrap \
    samples over prompts. Length-controlled: what a logistic fit to the difference in length gives at \
    equal lengths (the form <code>length_controlled_minimal</code> of AlpacaEval 2). “The longer wins” \
    says how far length alone would tell the winner.</p>
    """
  }
}
