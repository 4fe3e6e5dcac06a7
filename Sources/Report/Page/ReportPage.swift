internal import SynPO

/// A run on one page of HTML: nothing is fetched from elsewhere, no script is needed.
public struct ReportPage: Sendable {
  let analysis: RunAnalysis
  let files: RunFiles
  let stories: [PairStory]

  private static let storiesAnIteration = 3

  /// Reads the examples that the page shows, of the first and the last iteration.
  public init(_ analysis: RunAnalysis, _ files: RunFiles) throws {
    self.analysis = analysis
    self.files = files
    let numbers = files.iterations.map(\.iteration)
    let shown = Set([numbers.first, numbers.last].compactMap(\.self)).sorted()
    var stories: [PairStory] = []
    for number in shown {
      stories += try PairStory.first(Self.storiesAnIteration, of: number, in: files.logs)
    }
    self.stories = stories
  }

  public var html: String { page.text }

  private var page: Markup {
    """
    <!doctype html>
    <html lang="en"><head><meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
    <title>synpo: \(analysis.folder)</title>
    <style>
    \(PageStyle.sheet)
    </style></head><body>
    <header><h1>\(analysis.folder)</h1>\(summary)</header>
    \(contents)
    <main>
    \(sections.map(\.markup))
    </main>
    <footer><p>Made by <code>synpo report</code> from the logs of the run. The same numbers as JSON: \
    <code>synpo report \(analysis.folder) --json</code>.</p></footer>
    </body></html>

    """
  }

  private var contents: Markup {
    let links = sections.map { "<a href=\"#\($0.id)\">\($0.title)</a>" as Markup }
    return "<nav aria-label=\"Contents\">\(links)</nav>"
  }

  private var sections: [(id: String, title: String, markup: Markup)] {
    [
      ("gain", "What the run has gained", OutcomeSection(analysis: analysis).body),
      ("answers", "Answers to held-back seeds", AnswersSection(files: files).body),
      ("pairs", "Pairs that were learnt from", PairsSection(analysis, stories).body),
      ("prompts", "Prompts", PromptsSection(analysis: analysis).body),
      ("training", "Training", TrainingSection(metrics: files.metrics).body),
      ("cost", "Yield, time and memory", CostSection(analysis: analysis).body),
      ("lineage", "Lineage of the examples", LineageSection(analysis, stories).body),
      ("settings", "Settings", SettingsSection(files: files).body),
    ].filter { !$0.2.isEmpty }.map { ($0.0, $0.1, Pieces.section($0.0, $0.1, $0.2)) }
  }

  /// The outcome in a few sentences, and what gives cause for alarm.
  private var summary: Markup {
    let last = analysis.validations.last
    var facts: [Markup] = []
    let state =
      analysis.isFinished ? "" : " The run has not ended: what follows is what there is so far."
    facts.append(
      """
      <p>\(analysis.iterations.count) iterations on <code>\(analysis.model)</code>, pairs chosen by \
      <code>\(spaced(analysis.scorer))</code>, seed \(String(analysis.seed)).\(state)</p>
      """)
    if let last, let wins = last.wins.first {
      let (rate, even) = (wins.rate.raw, wins.rate.lengthControlled)
      facts.append(
        """
        <p class="headline">After iteration \(last.iteration) the model's answers win \
        <strong>\(percent(rate.value))</strong> (\(fixed(100 * rate.low, 1)) to \
        \(fixed(100 * rate.high, 1))) against the initial model's, by \(spaced(wins.judge)). At equal lengths it would be \(percent(even.value)) \
        (\(fixed(100 * even.low, 1)) to \(fixed(100 * even.high, 1))).</p>
        """)
    }
    if let best = analysis.best {
      let kept =
        best == 0
        ? "The initial model is kept: no iteration measured better."
        : "The model of iteration \(best) is kept."
      facts.append("<p>\(kept)</p>")
    }
    if let reason = analysis.stopped { facts.append("<p class=\"alarm\">Stopped: \(reason).</p>") }
    facts += analysis.alarms.map { alarm in
      """
      <p class="alarm"><strong>\(spaced(alarm.kind.rawValue))</strong>, iteration \
      \(alarm.iteration): \(alarm.words).</p>
      """
    }
    return Markup(facts)
  }
}
