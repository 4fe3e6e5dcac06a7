import ArgumentParser
import Bytes
import Corpus
import Foundation
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
  @OptionGroup var barriers: BarrierOptions
  @OptionGroup var log: LogOutput

  func run() throws {
    for file in files { try checkReadable(file) }
    guard log.output != "-" else { return tellEnd(of: try copy(to: "-")) }
    // A log that was broken off would get its first seeds twice: it is made anew, as a whole.
    let part = log.output + ".part"
    try? FileManager.default.removeItem(atPath: part)
    let summary = try copy(to: part)
    guard unsafe rename(part, log.output) == 0 else {
      throw FileError(.rename, path: log.output)
    }
    tellEnd(of: summary)
  }

  private func copy(to path: String) throws -> StageSummary {
    let writer = try CorpusWriter(path: path)
    var summary = StageSummary(stage: "seeds")
    var known: Set<String> = []
    for path in files {
      var file = try SeedFile(path: path)
      while let entry = try file.next() {
        if case .seed(let seed) = entry, !known.insert(seed.id).inserted {
          summary.aside["seen before", default: 0] += 1
        } else {
          try Self.write(entry, to: writer, counting: &summary)
          let written = writer.nextSequence
          if let every = barriers.barrierEvery, written.isMultiple(of: UInt64(every)) {
            try writer.barrier(written / UInt64(every))
          }
        }
      }
    }
    try writer.finish()
    return summary
  }

  private static func write(
    _ entry: SeedFile.Entry, to writer: CorpusWriter, counting summary: inout StageSummary
  ) throws {
    switch entry {
    case .seed(let seed):
      try writer.append(seed)
      summary.made += 1
    case .quarantined(let record):
      try writer.append(record)
      summary.aside[record.reason, default: 0] += 1
    }
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
  @OptionGroup var barriers: BarrierOptions
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
      iteration: stage.iteration, count: count ?? settings.promptsPerIteration, to: log.output,
      barrierEvery: barriers.barrierEvery)
    tellEnd(of: summary)
  }
}
