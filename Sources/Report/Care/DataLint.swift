public import Corpus

/// Looks for what is known to spoil training, in seeds and in pairs.
public enum DataLint {
  /// Human judges prefer the longer answer in fewer than this share of cases.
  public static let tolerableBias = 0.7
  /// On fewer pairs a bias may be chance.
  static let fewestPairs = 20
  static let tolerableDuplicates = 0.1

  public static func findings(
    seeds: [Seed] = [], heldBack: [Seed] = [], prompts: [SyntheticPrompt] = [],
    pairs: [PreferencePair] = [], refused: [QuarantinedRecord] = []
  ) -> [Finding] {
    let pairs = pairs + seeds.compactMap(pair)
    let answers = seeds.map(\.answer) + pairs.flatMap { [$0.chosen, $0.rejected] }
    return [
      lengthBias(pairs), equalSides(pairs), repetitive(answers),
      duplicates(seeds.map(\.prompt), of: "seeds"),
      duplicates(prompts.map(\.prompt), of: "prompts"),
      leak(seeds.map(\.prompt), into: heldBack, from: "seeds"),
      leak(prompts.map(\.prompt), into: heldBack, from: "prompts"),
      unusable(refused, usable: seeds.count),
    ].compactMap(\.self)
  }

  private static func pair(_ seed: Seed) -> PreferencePair? {
    seed.rejected.map {
      PreferencePair(prompt: seed.prompt, chosen: seed.answer, rejected: $0)
    }
  }

  /// Either way: where length alone tells the sides apart, it is length that is learnt.
  private static func lengthBias(_ pairs: [PreferencePair]) -> Finding? {
    let bias = LengthBias(pairs)
    guard let longer = bias.chosenLonger, bias.pairs >= fewestPairs else { return nil }
    guard longer > tolerableBias || longer < 1 - tolerableBias else { return nil }
    let side = longer > 0.5 ? "longer" : "shorter"
    let share = max(longer, 1 - longer)
    return Finding(
      "length_bias", isWeighty: true, count: Int((share * Double(bias.pairs)).rounded()),
      of: bias.pairs,
      words: "the chosen answer is the \(side) one in \(percent(share)) of the pairs: training may "
        + "learn length instead of quality; judge the result by the length-controlled win rate")
  }

  private static func equalSides(_ pairs: [PreferencePair]) -> Finding? {
    let equal = pairs.filter { Words.of($0.chosen) == Words.of($0.rejected) }
    return finding(
      "equal_sides", equal.map(\.prompt), of: pairs.count, isWeighty: !equal.isEmpty,
      "chosen and rejected say the same, but for signs and case: nothing can be learnt from them")
  }

  private static func repetitive(_ answers: [String]) -> Finding? {
    let bad = answers.filter { Repetition.share(of: $0) > Repetition.defaultLimit }
    return finding(
      "repetitive", bad, of: answers.count, isWeighty: bad.count * 20 > answers.count,
      "answers repeat themselves for more than half of their length; remove them")
  }

  private static func duplicates(_ texts: [String], of name: String) -> Finding? {
    let pairs = NearDuplicates.pairs(in: texts)
    let share = Double(pairs.count) / Double(max(texts.count, 1))
    return finding(
      "near_duplicate_\(name)", pairs.map { texts[$0.second] }, of: texts.count,
      isWeighty: share > tolerableDuplicates,
      "\(name) nearly repeat an earlier one (four in five of their three-word sequences); they weigh "
        + "as much as if the first counted twice")
  }

  /// What is measured must not have been learnt. Prompts that are only nearly the same may well be
  /// different questions of one form.
  private static func leak(_ texts: [String], into heldBack: [Seed], from name: String) -> Finding?
  {
    guard !heldBack.isEmpty, !texts.isEmpty else { return nil }
    let held = heldBack.map(\.prompt)
    let leaked = NearDuplicates.pairs(in: held + texts).filter {
      $0.first < held.count && $0.second >= held.count
    }
    return finding(
      "leak_from_\(name)", leaked.map { texts[$0.second - held.count] }, of: texts.count,
      isWeighty: leaked.contains { $0.likeness == 1 },
      "\(name) to learn from are held-back seeds or nearly so: what is measured on these is flattered"
    )
  }

  private static func unusable(_ refused: [QuarantinedRecord], usable: Int) -> Finding? {
    let lines = refused.filter { $0.stage == "seeds" }
    return finding(
      "unusable_lines", lines.map { $0.detail ?? $0.reason }, of: usable + lines.count,
      isWeighty: lines.count * 10 > usable + lines.count,
      "lines are no seeds and are passed over")
  }

  /// Nil where nothing was found.
  private static func finding(
    _ check: String, _ texts: [String], of total: Int, isWeighty: Bool, _ words: String
  ) -> Finding? {
    guard !texts.isEmpty else { return nil }
    return Finding(
      check, isWeighty: isWeighty, count: texts.count, of: total,
      words: "\(texts.count) of \(total) \(words)",
      examples: texts.prefix(Finding.mostExamples).map { String($0.prefix(100)) })
  }
}
