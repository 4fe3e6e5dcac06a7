/// A question about the recipe, asked by runs that differ in one thing.
public struct Study: Sendable {
  public let name: String
  public let question: String
  public let arms: [Arm]

  /// One of the ways that are compared.
  public struct Arm: Sendable {
    public let name: String
    /// Settings as `key=value` that differ from those of the study.
    public let changes: [String]

    public init(_ name: String, _ changes: String...) {
      self.name = name
      self.changes = changes
    }
  }

  public init(_ name: String, _ question: String, _ arms: [Arm]) {
    self.name = name
    self.question = question
    self.arms = arms
  }

  /// Those that need nothing but settings.
  public static let all: [Study] = [
    Study(
      "baselines", "Does it take synthetic prompts and an improver?",
      [
        Arm("synpo", "recipe=synpo"), Arm("sampling-ranking", "recipe=sampling_ranking"),
        Arm("self-rewarding", "recipe=self_rewarding"), Arm("seeds-alone", "recipe=seeds"),
      ]),
    Study(
      "filters", "What does the pair filter do, and how good must its scorer be?",
      [
        Arm("reward-head", "scorer.name=reward_head"), Arm("no-filter", "use_pair_filter=false"),
        Arm("exact", "scorer.name=exact"), Arm("judge", "scorer.name=judge"),
        Arm("length", "scorer.name=length"), Arm("random", "scorer.name=random"),
      ]),
    Study(
      "improver", "Do rewrites teach more than drafts do?",
      [Arm("with", "use_improver=true"), Arm("without", "use_improver=false")]),
    Study(
      "seed-size", "How many seeds does it take?",
      ["60", "120", "240", "600"].map { Arm($0, "max_seeds=\($0)") }),
    Study(
      "noise-word", "What do words that do not belong teach the generator?",
      ["0", "1", "2"].map { Arm($0, "keywords.noise_words=\($0)") }),
    Study(
      "rejected-from", "Whose answers are to be beaten, and what is started from?",
      [
        Arm("initial", "rejected=initial"), Arm("previous", "rejected=previous"),
        Arm("onwards", "rejected=previous", "start_from=previous"),
      ]),
    Study(
      "domain", "Does what is learnt of some kinds of tasks serve others?",
      [
        Arm("all-kinds", "held_back_kinds=[\(otherKinds)]"),
        Arm("other-kinds", "seed_kinds=[\(someKinds)]", "held_back_kinds=[\(otherKinds)]"),
      ]),
  ]

  private static let someKinds =
    "sort_words, category, plural, count_words, word_length, first_letter, upper_case, sum, "
    + "larger_number, letter_after"
  private static let otherKinds =
    "odd_one_out, opposite, count_letter, last_letter, reverse_word, next_number, difference, "
    + "smaller_number, day_after, month_after"

  /// All pairs at once, in one iteration, or the same number in as many iterations as `settings` has.
  public static func oneShot(_ settings: RunSettings) -> Study {
    let (count, prompts, pairs) = (
      settings.iterations, settings.promptsPerIteration, settings.pairsPerIteration
    )
    return Study(
      "one-shot", "Is it the iterations, or the number of pairs?",
      [
        Arm("iterations", "iterations=\(count)"),
        Arm(
          "one-shot", "iterations=1", "prompts_per_iteration=\(count * prompts)",
          "pairs_per_iteration=\(count * pairs)"),
      ])
  }

  /// The same recipe on models of several sizes.
  public static func scale(models: [String]) -> Study {
    Study(
      "scale", "Does a larger model gain more?",
      models.map { path in
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return Arm(name, "model=\"\(path)\"", "templates=brief")
      })
  }
}
