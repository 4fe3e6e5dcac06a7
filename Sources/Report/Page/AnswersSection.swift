internal import Corpus
internal import SynPO

/// What the initial and the last model answered to the same held-back seeds.
struct AnswersSection {
  let files: RunFiles

  private static let shown = 6

  var body: [Markup] {
    guard let last = files.iterations.last?.iteration,
      let initial = try? files.logs.records(Answer.self, in: "validation.rlg"),
      let answers = try? files.logs.records(Answer.self, in: "validation.rlg", iteration: last),
      let seeds = try? files.logs.records(Seed.self, in: "held-back.rlg")
    else { return [] }
    let (first, now) = (bySeed(initial), bySeed(answers))
    return seeds.prefix(Self.shown).compactMap { seed in
      guard let before = first[seed.id], let after = now[seed.id] else { return nil }
      return """
        <article class="example"><p class="asked">\(seed.prompt)</p>
        \(Pieces.sideBySide(("after iteration \(last)", after.answer), ("initial model", before.answer)))
        <p class="gold"><b>gold</b> \(seed.answer)</p></article>
        """
    }
  }

  private func bySeed(_ answers: [Answer]) -> [String: Answer] {
    Dictionary(
      answers.compactMap { answer in answer.origin.parents.first.map { ($0, answer) } },
      uniquingKeysWith: { first, _ in first })
  }
}
