internal import Corpus
internal import SynPO

/// Pairs: how many, how long, by how much they lead, what the improver did, and some of them.
struct PairsSection {
  let analysis: RunAnalysis
  let stories: [PairStory]

  init(_ analysis: RunAnalysis, _ stories: [PairStory]) {
    (self.analysis, self.stories) = (analysis, stories)
  }

  var body: [Markup] {
    guard !analysis.iterations.isEmpty else { return [] }
    return [pairs, improver, Pieces.plots(plots)] + stories.map(example)
  }

  private var pairs: Markup {
    Pieces.table(
      "Pairs by iteration",
      head: [
        "", "kept", "added", "lead", "chosen length", "rejected length", "chosen is longer",
        "right: chosen", "right: rejected",
      ],
      rows: analysis.iterations.map { one in
        let (pairs, counts) = (one.pairs, one.pairs.counts)
        func right(_ count: Int) -> String {
          counts.checked > 0 ? "\(count) of \(counts.checked)" : "–"
        }
        return [
          "iteration \(one.iteration)", "\(counts.kept)", "\(counts.added)",
          "\(pairs.lead.map { fixed($0.median, 2) } ?? "–")",
          "\(pairs.chosenCharacters.map { fixed($0.mean, 1) } ?? "–")",
          "\(pairs.rejectedCharacters.map { fixed($0.mean, 1) } ?? "–")",
          "\(pairs.chosenLonger.map { percent($0) } ?? "–")", "\(right(counts.chosenRight))",
          "\(right(counts.rejectedRight))",
        ]
      })
  }

  private var improver: Markup {
    let rows = analysis.iterations.flatMap { one in
      one.improver.map { improver -> [Markup] in
        let better = improver.better.raw
        return [
          "iteration \(one.iteration)", "\(spaced(improver.judge))",
          Pieces.interval((better.value, better.low, better.high)), "\(fixed(improver.gain, 3))",
          "\(percent(improver.unchanged))", "\(improver.better.encounters)",
        ]
      }
    }
    guard !rows.isEmpty else { return "" }
    return Pieces.table(
      "Improver: rewrites against their drafts",
      head: ["", "judge", "rewrite wins", "mean gain", "unchanged", "judged"], rows: rows)
  }

  private var plots: [Markup] {
    guard let last = analysis.iterations.last else { return [] }
    var plots: [Markup] = []
    if let lead = last.pairs.lead {
      plots.append(
        HistogramPlot(
          title: "By what the chosen answers lead, iteration \(last.iteration)",
          x: "score of chosen less rejected", sets: [("lead", lead)]
        ).svg)
    }
    if let chosen = last.pairs.chosenCharacters, let rejected = last.pairs.rejectedCharacters {
      plots.append(
        HistogramPlot(
          title: "Length of the answers in pairs, iteration \(last.iteration)", x: "characters",
          sets: [("chosen", chosen), ("rejected", rejected)]
        ).svg)
    }
    return plots
  }

  private func example(_ story: PairStory) -> Markup {
    let pair = story.pair
    let scores = [pair.scoreChosen, pair.scoreRejected].map { $0.map { fixed($0, 2) } ?? "–" }
    let keywords = story.prompt?.keywords.joined(separator: ", ") ?? "–"
    return """
      <article class="example"><p class="asked">\(pair.prompt)</p>
      \(Pieces.sideBySide(
        ("chosen, score \(scores[0])", pair.chosen), ("rejected, score \(scores[1])", pair.rejected)))
      <p class="faint">keywords: \(keywords) · iteration \(pair.origin.iteration ?? 0) · \
      <a href="#r\(pair.id)">where it comes from</a></p></article>
      """
  }
}
