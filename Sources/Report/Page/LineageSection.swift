internal import Corpus

/// The records behind the examples, each with a place of its own on the page.
struct LineageSection {
  let analysis: RunAnalysis
  let stories: [PairStory]

  init(_ analysis: RunAnalysis, _ stories: [PairStory]) {
    (self.analysis, self.stories) = (analysis, stories)
  }

  var body: [Markup] {
    guard !stories.isEmpty else { return [] }
    return [intro] + stories.map(story)
  }

  private var intro: Markup {
    """
    <p class="note">Every record names its parents, the model that wrote it, the hash of the settings \
    and the run's seed. <code>synpo explain ID \(analysis.folder)</code> tells any record's story, and \
    with <code>--again</code> makes it once more.</p>
    """
  }

  private func story(_ story: PairStory) -> Markup {
    let pair = story.pair
    var entries = [entry("pair", pair.id, pair.origin, "\(pair.chosen) ≻ \(pair.rejected)")]
    if let one = story.rewrite { entries.append(entry("rewrite", one.id, one.origin, one.answer)) }
    if let one = story.draft { entries.append(entry("draft", one.id, one.origin, one.answer)) }
    if let one = story.baseline {
      entries.append(entry("baseline", one.id, one.origin, one.answer))
    }
    if let one = story.prompt { entries.append(entry("prompt", one.id, one.origin, one.prompt)) }
    if let one = story.keywords {
      let words = one.keywords.joined(separator: ", ")
      entries.append(
        entry("keywords", one.id, one.origin, "\(words) (from \(one.source ?? "unknown"))"))
    }
    return "<ol class=\"story\">\(entries)</ol>"
  }

  private func entry(_ kind: String, _ id: String, _ origin: Origin, _ text: String) -> Markup {
    let parents = origin.parents.map { "<a href=\"#r\($0)\">\($0)</a>" as Markup }
    let from: Markup = parents.isEmpty ? "" : " from \(parents)"
    let model: Markup = origin.model.map { " by <code>\($0)</code>" } ?? ""
    return """
      <li id="r\(id)"><b>\(kind)</b> <code>\(id)</code>\(from)\(model)
      <p class="said">\(text)</p></li>
      """
  }
}
