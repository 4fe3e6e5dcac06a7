import Bytes
import Corpus
import Foundation
import TestSupport
import Testing

@testable import Report
@testable import SynPO

/// A folder as a run leaves it, written by hand: no model is needed to look at it.
struct RunFolderTests {
  let folder: TemporaryFolder
  static let evil = "<script>alert(1)</script>"

  init() throws {
    folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.file("iteration-1"), withIntermediateDirectories: true)
    var settings = RunSettings()
    settings.outputDir = folder.path
    settings.iterations = 1
    try SettingsFile.yaml(settings).write(
      toFile: folder.file("run.yaml"), atomically: true, encoding: .utf8)
    try logs(settings)
    var iteration = IterationReport(iteration: 1, validation: validation(1, score: 1))
    iteration.seconds = ["drafts": 2, "policy": 3]
    iteration.pairs.kept = 2
    var report = RunReport(
      folder: folder.path, model: "embedded", scorer: "reward_head",
      initial: validation(0, score: 0), iterations: [iteration])
    report.best = 1
    try encoded(report).write(to: URL(filePath: folder.file("report.json")))
    try encoded(iteration).write(to: URL(filePath: folder.file("iteration-1/report.json")))
  }

  private func encoded(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return try encoder.encode(value)
  }

  private func validation(_ iteration: Int, score: Double) -> Validation {
    var validation = Validation(iteration: iteration)
    validation.answers = 2
    validation.meanScore = score
    validation.goldLoss = 1
    return validation
  }

  private func write(_ name: String, _ records: [some CorpusRecord]) throws {
    let writer = try CorpusWriter(path: folder.file(name))
    for record in records { try writer.append(record) }
    try writer.finish()
  }

  private func logs(_ settings: RunSettings) throws {
    let seeds = (0..<2).map { Seed(prompt: "Held back \($0)?", answer: "gold \($0)") }
    func origin(_ parents: [String], _ iteration: Int = 1) -> Origin {
      Origin(
        parents: parents, iteration: iteration, model: "m\(iteration)", settings: settings.hash,
        seed: 42)
    }
    func answers(_ kind: Answer.Kind, _ text: String, _ parents: [[String]], _ n: Int = 1)
      -> [Answer]
    {
      parents.map { Answer(kind, prompt: "p", answer: text, origin: origin($0, n)) }
    }
    let lists = (0..<2).map {
      KeywordList(keywords: ["sea", "ship\($0)"], source: "text#\($0)", origin: origin([]))
    }
    let prompts = lists.map {
      SyntheticPrompt(prompt: "Which ship?", keywords: $0.keywords, origin: origin([$0.id]))
    }
    let drafts = answers(.draft, "A ship", prompts.map { [$0.id] })
    let rewrites = answers(.rewrite, Self.evil, drafts.map { [$0.id] + $0.origin.parents })
    let baselines = answers(.baseline, "The ship of the baseline", prompts.map { [$0.id] })
    let pairs = zip(rewrites, baselines).map {
      PreferencePair(
        prompt: $0.prompt, chosen: $0.answer, rejected: $1.answer, scoreChosen: 2,
        scoreRejected: 1, source: "synpo", origin: origin([$0.id, $1.id]))
    }
    try write("seeds.rlg", [Seed(prompt: "A seed?", answer: "yes")])
    try write("held-back.rlg", seeds)
    try write("validation.rlg", answers(.draft, "first words", seeds.map { [$0.id] }, 0))
    try write("iteration-1/keywords.rlg", lists)
    try write("iteration-1/prompts.rlg", prompts)
    try write("iteration-1/drafts.rlg", drafts)
    try write("iteration-1/rewrites.rlg", rewrites)
    try write("iteration-1/baselines.rlg", baselines)
    try write("iteration-1/pairs.rlg", pairs)
    try write("iteration-1/validation.rlg", answers(.draft, Self.evil, seeds.map { [$0.id] }))
  }

  private var byLength: Judge { Judge("length") { $0.map { Double($0.answer.count) } } }

  @Test func `the analysis measures what stands in the logs`() async throws {
    let found = try await RunAnalysis(try RunFiles(folder.path), judges: [byLength])
    #expect(found.isFinished && found.best == 1 && found.validations.count == 2)
    let wins = try #require(found.validations[1].wins.first)
    // The answers of iteration 1 have 25 characters, those at first 11.
    #expect(wins.rate.raw.value == 1 && wins.meanScore == 25)
    let iteration = try #require(found.iterations.first)
    #expect(iteration.keywordCoverage?.mean == 0)
    #expect(iteration.improver.first?.gain == 19)
    #expect(iteration.pairs.lead?.mean == 1 && iteration.pairs.chosenLonger == 1)
    #expect(found.seeds.count == 1)
  }

  @Test func `the page is whole, fetches nothing, and no word of a record becomes a tag`()
    async throws
  {
    let files = try RunFiles(folder.path)
    let page = try ReportPage(try await RunAnalysis(files, judges: [byLength]), files).html
    #expect(page.hasPrefix("<!doctype html>") && page.contains("</html>"))
    #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
    for forbidden in ["<script", "http://", "https://", "url(", "src=", "@import"] {
      #expect(!page.contains(forbidden), "\(forbidden)")
    }
    for part in ["viewport", "@media print", "prefers-color-scheme: dark", "<svg", "<del>"] {
      #expect(page.contains(part), "\(part)")
    }
    // Links within the page lead somewhere.
    for link in page.matches(of: /href="#([a-z0-9]+)"/) {
      #expect(page.contains("id=\"\(link.1)\""), "\(link.1)")
    }
  }

  @Test func `a judge who remembers is asked once`() async throws {
    let path = folder.file("scores-length.json")
    let answers = try RunLogs(RunFolder(folder.path)).records(Answer.self, in: "validation.rlg")
    let once = try await byLength.remembering(in: path).scores(answers)
    let mute = Judge("length") { unknown in
      #expect(unknown.isEmpty)
      return unknown.map { _ in 0 }
    }
    #expect(try await mute.remembering(in: path).scores(answers) == once)
    #expect(once == [11, 11])
  }

  @Test func `a lineage leads from the pair to the paragraph`() throws {
    let logs = RunLogs(RunFolder(folder.path))
    let pair = try #require(
      try logs.records(PreferencePair.self, in: "pairs.rlg", iteration: 1).first)
    let lineage = try Lineage(of: pair.id, in: LogSearch(folder.path))
    #expect(
      Set(lineage.records.map(\.kind)) == [
        "pair", "rewrite", "baseline", "draft", "prompt", "keywords",
      ])
    #expect(lineage.missing.isEmpty && lineage.record.id == pair.id)
    #expect(lineage.record.bytes == (try pair.line()))
    #expect(throws: ReportError.noRecord(id: "00", folder: folder.path)) {
      try Lineage(of: "00", in: LogSearch(folder.path))
    }
  }

  @Test func `what went missing is told by its id`() throws {
    try FileManager.default.removeItem(atPath: folder.file("iteration-1/baselines.rlg"))
    let logs = RunLogs(RunFolder(folder.path))
    let pair = try #require(
      try logs.records(PreferencePair.self, in: "pairs.rlg", iteration: 1).first)
    let lineage = try Lineage(of: pair.id, in: LogSearch(folder.path))
    #expect(lineage.missing == [pair.origin.parents[1]])
  }

  @Test func `words that look like the key of an id are not taken for it`() throws {
    let seed = Seed(prompt: "say \"id\":\"0123\" please", answer: "\"id\":\"x\"")
    #expect(LogSearch.id(in: try seed.line()) == seed.id)
    #expect(LogSearch.id(in: Array("{\"id\":\"".utf8)) == nil)
    #expect(LogSearch.id(in: []) == nil)
  }

  @Test func `the status follows the files`() throws {
    #expect(RunStatus(try RunFiles(folder.path)).isFinished)
    try FileManager.default.removeItem(atPath: folder.file("report.json"))
    try FileManager.default.removeItem(atPath: folder.file("iteration-1/report.json"))
    try FileManager.default.removeItem(atPath: folder.file("iteration-1/validation.rlg"))
    for name in ["generator", "iteration-1/improver"] {
      try FileManager.default.createDirectory(
        atPath: folder.file(name), withIntermediateDirectories: true)
      try Data("x".utf8).write(to: URL(filePath: folder.file("\(name)/model.packed")))
    }
    for log in ["seed-answers-0", "seed-answers-1", "iteration-1/seed-answers"] {
      try write("\(log).rlg", [Seed(prompt: "x", answer: "y")])
    }
    try FileManager.default.createDirectory(
      atPath: folder.file("iteration-1/policy"), withIntermediateDirectories: true)
    try """
    {"training":"policy","iteration":1,"step":1,"epoch":0.125,"loss":2.5}
    {"training":"policy","iteration":1,"step":2,"epoch":0.25,"loss":2.25}
    broken
    {"training":"policy","iteration":1,"step":2,"epoch":0.25,"loss":2.0}

    """.write(toFile: folder.file("metrics.jsonl"), atomically: true, encoding: .utf8)
    let status = RunStatus(try RunFiles(folder.path))
    #expect(!status.isFinished)
    let current = try #require(status.current)
    #expect(current.name == "policy" && current.isTraining && current.iteration == 1)
    #expect(current.done == 2 && current.total == 8 && status.metrics["loss"] == 2)
  }

  @Test func `a folder without a run is told by name`() {
    #expect(throws: ReportError.noRun(folder: "/nowhere")) { try RunFiles("/nowhere") }
  }

  @Test func `leftovers are found, what a run goes on from is not`() throws {
    for name in ["generator", "iteration-1/improver", "iteration-1/policy"] {
      try FileManager.default.createDirectory(
        atPath: folder.file(name), withIntermediateDirectories: true)
      try Data("weights".utf8).write(to: URL(filePath: folder.file("\(name)/model.packed")))
    }
    let unfinished = folder.file("iteration-1/other")
    try FileManager.default.createDirectory(atPath: unfinished, withIntermediateDirectories: true)
    for name in ["generator/checkpoint-5.state", "iteration-1/other/checkpoint-5.state", "x.part"] {
      try Data("state".utf8).write(to: URL(filePath: folder.file(name)))
    }
    let files = try RunFiles(folder.path)
    let small = RunLeftovers(of: files, withModels: false)
    #expect(
      small.items.map(\.path) == [
        folder.file("generator/checkpoint-5.state"), folder.file("x.part"),
      ])
    let all = RunLeftovers(of: files, withModels: true)
    #expect(all.items.map(\.path).contains(folder.file("iteration-1/improver/model.packed")))
    #expect(!all.items.map(\.path).contains(folder.file("iteration-1/policy/model.packed")))
    try all.delete()
    #expect(RunLeftovers(of: files, withModels: true).items.isEmpty)
    #expect(FileManager.default.fileExists(atPath: folder.file("generator/model.packed")))
  }

  @Test func `a job knows whether its process is still there`() throws {
    let here = RunningJob.here()
    try here.write(to: RunFolder(folder.path))
    #expect(RunningJob(in: RunFolder(folder.path)) == here)
    #expect(here.isRunning == true)
    var gone = here
    gone.startTicks = "1"
    #expect(gone.isRunning == false)
    gone.host = "elsewhere"
    #expect(gone.isRunning == nil)
  }
}
