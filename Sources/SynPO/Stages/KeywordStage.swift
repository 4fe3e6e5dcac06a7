internal import Corpus
internal import Exercises
internal import Foundation
internal import Transformer

/// Draws keyword lists from paragraphs: all words of a list from the same paragraph (paper 2.1).
public struct KeywordStage: Sendable {
  public let settings: RunSettings

  public init(settings: RunSettings) { self.settings = settings }

  /// Writes `count` lists to `output`, once. Iterations draw different paragraphs.
  ///
  /// - Parameter barrierEvery: after how many lists a barrier stands; nil for none.
  public func run(
    iteration: Int, count: Int, to output: String, barrierEvery: Int? = nil
  ) throws -> StageSummary {
    if output != "-" { try CorpusWriter.removeStub(output) }
    if let summary = try StageSummary(
      stage: "keywords", sealedLog: output, of: KeywordList.self)
    {
      return summary
    }
    if output != "-" { try? FileManager.default.removeItem(atPath: output) }
    let start = Date()
    let lists = try lists(iteration: iteration, count: count)
    let writer = try CorpusWriter(
      path: output, reproducibleAs: "\(settings.hash)/\(iteration)/keywords")
    var summary = StageSummary(stage: "keywords")
    for list in lists {
      try writer.append(list)
      summary.made += 1
      if let barrierEvery, summary.made.isMultiple(of: barrierEvery) {
        try writer.barrier(UInt64(summary.made / barrierEvery))
      }
    }
    try writer.finish()
    summary.seconds = Date().timeIntervalSince(start)
    return summary
  }

  private func lists(iteration: Int, count: Int) throws -> [KeywordList] {
    let paragraphs = try paragraphs(iteration: iteration, count: count)
    let lists = paragraphs.compactMap { list(from: $0, iteration: iteration) }
    guard !lists.isEmpty else { throw SynPOError.noKeywords(sources: settings.keywordSources) }
    return Array(lists.prefix(count))
  }

  private func list(from paragraph: Paragraph, iteration: Int) -> KeywordList? {
    let words = Keywords.extract(from: paragraph.text)
    var random = CounterRandom(seed: settings.seed, stream: "keywords/\(paragraph.name)")
    guard
      let keywords = Keywords.choose(settings.keywords.promptWords, from: words, using: &random)
    else { return nil }
    let origin = Origin(iteration: iteration, settings: settings.hash, seed: settings.seed)
    return KeywordList(keywords: keywords, source: paragraph.name, origin: origin)
  }

  private struct Paragraph {
    let name: String
    let text: String
  }

  /// Somewhat more paragraphs than lists are wanted: some hold too few words.
  private func paragraphs(iteration: Int, count: Int) throws -> [Paragraph] {
    settings.keywordSources.isEmpty
      ? embeddedParagraphs(iteration: iteration, count: 2 * count)
      : try sampledParagraphs(iteration: iteration, count: 2 * count)
  }

  private func embeddedParagraphs(iteration: Int, count: Int) -> [Paragraph] {
    (0..<count).map { index in
      let name = "embedded/\(iteration)/\(index)"
      var random = CounterRandom(seed: settings.seed, stream: name)
      return Paragraph(name: name, text: ExerciseFamily.keywordParagraph(using: &random))
    }
  }

  /// A uniform sample of all paragraphs, drawn in one pass (reservoir), in random order.
  private func sampledParagraphs(iteration: Int, count: Int) throws -> [Paragraph] {
    var random = CounterRandom(seed: settings.seed, stream: "paragraphs/\(iteration)")
    var sample: [Paragraph] = []
    var seen = 0
    for path in settings.keywordSources {
      var file = try ParagraphFile(path: path)
      var number = 0
      while let text = try file.next() {
        number += 1
        seen += 1
        let place = sample.count < count ? sample.count : Int.random(in: 0..<seen, using: &random)
        guard place < count else { continue }
        let name = "\((path as NSString).lastPathComponent)#\(number)"
        let paragraph = Paragraph(name: name, text: text)
        if place == sample.count { sample.append(paragraph) } else { sample[place] = paragraph }
      }
    }
    return sample.shuffled(using: &random)
  }
}
