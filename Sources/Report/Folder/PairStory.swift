public import Corpus

/// A pair with the records that it was made from.
public struct PairStory: Codable, Sendable {
  public var pair: PreferencePair
  public var rewrite: Answer?
  public var draft: Answer?
  public var baseline: Answer?
  public var prompt: SyntheticPrompt?
  public var keywords: KeywordList?

  /// The first `count` pairs of an iteration's log with their stories. Time and memory are those of
  /// reading the iteration's logs.
  static func first(
    _ count: Int, of iteration: Int, in logs: RunLogs
  ) throws(CorpusError) -> [PairStory] {
    let pairs = try logs.records(PreferencePair.self, in: "pairs.rlg", iteration: iteration)
    let rewrites = try byID(Answer.self, "rewrites.rlg", iteration, logs)
    let drafts = try byID(Answer.self, "drafts.rlg", iteration, logs)
    let baselines = try byID(Answer.self, "baselines.rlg", iteration, logs)
    let prompts = try byID(SyntheticPrompt.self, "prompts.rlg", iteration, logs)
    let keywords = try byID(KeywordList.self, "keywords.rlg", iteration, logs)
    return pairs.prefix(count).map { pair in
      var story = PairStory(pair: pair)
      let parents = pair.origin.parents
      story.rewrite = parents.lazy.compactMap { rewrites[$0] }.first
      story.baseline = parents.lazy.compactMap { baselines[$0] }.first
      // Without an improver the draft itself is the chosen answer.
      story.draft =
        (parents + (story.rewrite?.origin.parents ?? [])).lazy
        .compactMap { drafts[$0] }.first
      story.prompt = story.draft?.origin.parents.lazy.compactMap { prompts[$0] }.first
      story.keywords = story.prompt?.origin.parents.lazy.compactMap { keywords[$0] }.first
      return story
    }
  }

  private init(pair: PreferencePair) { self.pair = pair }

  private static func byID<R: CorpusRecord>(
    _: R.Type, _ name: String, _ iteration: Int, _ logs: RunLogs
  ) throws(CorpusError) -> [String: R] {
    let all = try logs.records(R.self, in: name, iteration: iteration)
    return Dictionary(all.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
  }
}
