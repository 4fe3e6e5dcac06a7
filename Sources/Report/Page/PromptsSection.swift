/// How varied the synthetic prompts are, beside the seeds.
struct PromptsSection {
  let analysis: RunAnalysis

  var body: [Markup] {
    guard !analysis.iterations.isEmpty else { return [] }
    return [table, Pieces.plots(plots), note]
  }

  private var sets: [(name: String, texts: TextAnalysis, coverage: Distribution?)] {
    [("seeds", analysis.seeds, nil)]
      + analysis.iterations.map { ("iteration \($0.iteration)", $0.prompts, $0.keywordCoverage) }
  }

  private var table: Markup {
    Pieces.table(
      "Prompts",
      head: [
        "", "prompts", "words", "distinct-1", "distinct-2", "distinct-3", "likeness",
        "near duplicates", "keywords taken up",
      ],
      rows: sets.map { name, texts, coverage in
        [
          "\(name)", "\(texts.count)", "\(texts.words.map { fixed($0.mean, 1) } ?? "–")",
          "\(fixed(texts.distinct1, 3))", "\(fixed(texts.distinct2, 3))",
          "\(fixed(texts.distinct3, 3))", "\(texts.likeness.map { fixed($0.mean, 3) } ?? "–")",
          "\(percent(texts.nearDuplicates))", "\(coverage.map { percent($0.mean) } ?? "–")",
        ]
      })
  }

  private var plots: [Markup] {
    let ends = [sets.first, sets.count > 1 ? sets.last : nil].compactMap(\.self)
    let likeness = ends.compactMap { set in set.texts.likeness.map { (set.name, $0) } }
    let words = ends.compactMap { set in set.texts.words.map { (set.name, $0) } }
    return [
      likeness.isEmpty
        ? nil
        : HistogramPlot(
          title: "How like each prompt is to all others", x: "mean cosine", sets: likeness
        ).svg,
      words.isEmpty ? nil : HistogramPlot(title: "Length of prompts", x: "words", sets: words).svg,
    ].compactMap(\.self)
  }

  private var note: Markup {
    """
    <p class="note">Distinct-n: different sequences of n words as a share of all, over up to \
    \(PromptLikeness.sample) prompts; it falls as a set grows. Likeness: the mean cosine of a prompt to \
    all others, with words weighted by TF-IDF; compare it within this page only.</p>
    """
  }
}
