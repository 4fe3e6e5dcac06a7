import ArgumentParser
import Corpus
import Foundation
import RecordLog
import Report
import SynPO

struct AnalyseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "analyse",
    abstract: "Measures texts: how varied, how alike, how long, how repetitive they are.",
    discussion: """
      One row for each kind of text in each file: prompts, answers, chosen and rejected ones. \
      distinct-n is the share of different sequences of n words; likeness the mean cosine of a text \
      to all others (words weighted by TF-IDF); both of up to 1,000 texts. `coverage` says how many \
      of the keywords that they were asked for with prompts have taken up. For a whole run see \
      `synpo report`.
      """)

  @Argument(help: "Logs, or JSON lines of seeds.", completion: .file()) var files: [String]
  @Option(
    name: .shortAndLong, help: "Also count tokens, with this model's tokenizer.",
    completion: .file())
  var model: String?
  @Flag(help: "One JSON object a row, with quantiles and histograms.") var json = false

  func run() throws {
    for file in files { try checkReadable(file) }
    var settings = RunSettings()
    settings.model = model ?? "embedded"
    settings.chatTemplate = "plain"
    let chat = try model.map { _ in try Workbench(settings: settings).initial }
    let count = chat.map { chat in { (text: String) in chat.answer(text).count } }
    var rows: [TextFacts] = []
    for file in files {
      let texts = try TextSets(path: file)
      rows += texts.sets.map { name, texts in
        TextFacts(file: file, texts: name, analysis: TextAnalysis(texts, tokens: count))
      }
      if let coverage = texts.coverage, !rows.isEmpty { rows[rows.count - 1].coverage = coverage }
    }
    if json { return try rows.forEach { try Results.write(json: $0) } }
    try Results.write(table([TextFacts.head(withTokens: chat != nil)] + rows.map(\.cells)))
  }
}

/// One kind of text of one file in numbers.
private struct TextFacts: Encodable {
  var file: String
  var texts: String
  var analysis: TextAnalysis
  var coverage: Double?

  static func head(withTokens: Bool) -> [String] {
    ["", "texts", "words", "chars"] + (withTokens ? ["tokens"] : [])
      + ["dist-1", "dist-2", "dist-3", "likeness", "near dup.", "repetitive", "coverage"]
  }

  var cells: [String] {
    let a = analysis
    let name = (file as NSString).lastPathComponent
    var cells = ["\(name): \(texts)", "\(a.count)"]
    for lengths in [a.words, a.characters] { cells.append(lengths.map { decimal($0.mean) } ?? "-") }
    if let tokens = a.tokens { cells.append(decimal(tokens.mean)) }
    for share in [a.distinct1, a.distinct2, a.distinct3] { cells.append(fixed(share, decimals: 3)) }
    cells.append(a.likeness.map { fixed($0.mean, decimals: 3) } ?? "-")
    cells += [percent(a.nearDuplicates), percent(a.repetitive)]
    cells.append(coverage.map(percent) ?? "-")
    return cells
  }
}

/// The texts of a file, by kind.
private struct TextSets {
  private(set) var sets: [(name: String, texts: [String])] = []
  /// Mean share of keywords taken up, where the file has prompts with keywords.
  private(set) var coverage: Double?
  private var shares: [Double] = []

  init(path: String) throws {
    if path.hasSuffix(".rlg") || isFolder(path) {
      try read(log: path)
    } else {
      var file = try SeedFile(path: path)
      while let entry = try file.next() {
        if case .seed(let seed) = entry { take(seed) }
      }
    }
    if !shares.isEmpty { coverage = shares.reduce(0, +) / Double(shares.count) }
  }

  private mutating func read(log path: String) throws {
    let reader = try CorpusReader(path: path, mode: .tailTolerant)
    while let type = try reader.nextType() {
      switch type {
      case Seed.typeName: if let seed = try reader.next(Seed.self) { take(seed) }
      case SyntheticPrompt.typeName:
        guard let one = try reader.next(SyntheticPrompt.self) else { return }
        add("prompts", one.prompt)
        shares.append(KeywordCoverage.share(of: one.keywords, in: one.prompt))
      case Answer.typeName: if let one = try reader.next(Answer.self) { add("answers", one.answer) }
      case PreferencePair.typeName:
        guard let one = try reader.next(PreferencePair.self) else { return }
        add("chosen", one.chosen)
        add("rejected", one.rejected)
      case QuarantinedRecord.typeName: _ = try reader.next(QuarantinedRecord.self)
      default: throw ReportError.unreadable(path: path, reason: "a log of \(type) holds no texts")
      }
    }
  }

  private mutating func take(_ seed: Seed) {
    add("prompts", seed.prompt)
    add("answers", seed.answer)
  }

  private mutating func add(_ name: String, _ text: String) {
    if let place = sets.firstIndex(where: { $0.name == name }) {
      sets[place].texts.append(text)
    } else {
      sets.append((name, [text]))
    }
  }
}
