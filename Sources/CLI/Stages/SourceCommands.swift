import ArgumentParser
import Corpus
import SynPO

struct SeedsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "seeds",
    abstract: "Reads good question-answer pairs into a log.",
    discussion: """
      A line is a JSON object with `messages`, with `prompt` and `completion`, with `prompt`, \
      `chosen` and `rejected`, or with `instruction`, `input` and `output`. A line that is no seed \
      goes into the log with the reason, and is passed over by what reads it. Of equal seeds one is \
      kept.
      """)

  @Argument(help: "JSON lines, or logs of seeds.", completion: .file()) var files: [String]
  @OptionGroup var log: LogOutput

  func run() throws {
    for file in files { try checkReadable(file) }
    let writer = try CorpusWriter(path: log.output)
    var summary = StageSummary(stage: "seeds")
    var known: Set<String> = []
    for path in files {
      var file = try SeedFile(path: path)
      while let entry = try file.next() {
        switch entry {
        case .quarantined(let record):
          try writer.append(record)
          summary.aside[record.reason, default: 0] += 1
        case .seed(let seed) where known.insert(seed.id).inserted:
          try writer.append(seed)
          summary.made += 1
        case .seed: summary.aside["seen before", default: 0] += 1
        }
      }
    }
    try writer.finish()
    tellEnd(of: summary)
  }
}

struct KeywordsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keywords",
    abstract: "Draws lists of keywords from the paragraphs of texts.")

  @Argument(help: "Texts; what is built in if none is given.", completion: .file())
  var texts: [String] = []

  @Option(name: [.customShort("n"), .long], help: "How many lists; else prompts_per_iteration.")
  var count: Int?

  @OptionGroup var stage: StageOptions
  @OptionGroup var log: LogOutput

  func validate() throws {
    guard count ?? 1 > 0 else { throw ValidationError("--count must be at least 1.") }
  }

  func run() throws {
    for text in texts { try checkReadable(text) }
    if stage.quiet { Console.standard.becomeQuiet() }
    var settings = try stage.options.settings(config: stage.config)
    if !texts.isEmpty { settings.keywordSources = texts }
    let summary = try KeywordStage(settings: settings).run(
      iteration: stage.iteration, count: count ?? settings.promptsPerIteration, to: log.output)
    tellEnd(of: summary)
  }
}
