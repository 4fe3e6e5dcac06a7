import ArgumentParser
import Corpus
import Foundation
import RecordLog
import Report
import SynPO

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Looks for what would spoil training: in seeds, in pairs, in a run's folder.",
    discussion: """
      Looked for: one side of pairs mostly the longer one, sides that say the same, near duplicates, \
      held-back seeds among what is learnt from, repetitive answers, unusable lines; with --model \
      also what the chat template refuses, control tokens inside texts, examples that are cut. Exit \
      code 3 where something should be put right first.
      """)

  @Argument(
    help: "JSON lines or logs of seeds or pairs, or the output folder of a run.",
    completion: .file())
  var inputs: [String]

  @OptionGroup var options: SettingsOptions
  @Flag(help: "One JSON object a finding.") var json = false

  func run() throws {
    for input in inputs { try checkReadable(input) }
    var data = LintData()
    for input in inputs { try data.add(input) }
    var findings = DataLint.findings(
      seeds: data.seeds, heldBack: data.heldBack, prompts: data.prompts, pairs: data.pairs,
      refused: data.refused)
    if let settings = try modelSettings(data) {
      findings += try TemplateLint(settings: settings).findings(data.seeds)
    }
    try tell(findings, data)
    if findings.contains(where: \.isWeighty) { throw ExitKind.unverified }
  }

  /// The run's own, or those that name a model.
  private func modelSettings(_ data: LintData) throws -> RunSettings? {
    if let settings = data.settings { return settings }
    return options.model == nil ? nil : try options.settings(config: nil)
  }

  private func tell(_ findings: [Finding], _ data: LintData) throws {
    if json {
      for finding in findings { try Results.write(json: finding) }
      return
    }
    try Results.write("\(data.summary)\n")
    if findings.isEmpty { try Results.write("nothing to find fault with\n") }
    for finding in findings {
      let weight = finding.isWeighty ? "put right" : "note"
      try Results.write("\n\(weight): \(finding.check)\n  \(finding.words)\n")
      for example in finding.examples { try Results.write("  · \(oneLine(example))\n") }
    }
  }
}

/// What is looked through, by kind.
struct LintData {
  private(set) var seeds: [Seed] = []
  private(set) var heldBack: [Seed] = []
  private(set) var prompts: [SyntheticPrompt] = []
  private(set) var pairs: [PreferencePair] = []
  private(set) var refused: [QuarantinedRecord] = []
  /// Of the run, where a folder was given.
  private(set) var settings: RunSettings?

  mutating func add(_ path: String) throws {
    if RunFolder(path).exists("run.yaml") { return try addRun(path) }
    if path.hasSuffix(".rlg") || isFolder(path) { return try addLog(path) }
    var file = try SeedFile(path: path)
    while let entry = try file.next() {
      switch entry {
      case .seed(let seed): seeds.append(seed)
      case .quarantined(let record): refused.append(record)
      }
    }
  }

  private mutating func addRun(_ path: String) throws {
    let files = try RunFiles(path)
    settings = files.settings
    settings?.outputDir = path
    try addLog(RunFolder(path).file("seeds.rlg"))
    heldBack += try files.logs.records(Seed.self, in: "held-back.rlg")
    for iteration in 1..<files.logs.iterations + 1 {
      prompts += try files.logs.records(
        SyntheticPrompt.self, in: "prompts.rlg", iteration: iteration)
      pairs += try files.logs.records(PreferencePair.self, in: "pairs.rlg", iteration: iteration)
    }
  }

  /// Records of all kinds that can be looked through; others are passed over.
  private mutating func addLog(_ path: String) throws {
    let reader = try CorpusReader(path: path, mode: .tailTolerant)
    while let type = try reader.nextType() {
      switch type {
      case Seed.typeName: try reader.next(Seed.self).map { seeds.append($0) }
      case SyntheticPrompt.typeName:
        try reader.next(SyntheticPrompt.self).map { prompts.append($0) }
      case PreferencePair.typeName: try reader.next(PreferencePair.self).map { pairs.append($0) }
      case QuarantinedRecord.typeName:
        try reader.next(QuarantinedRecord.self).map { refused.append($0) }
      default:
        throw CorpusError.wrongType(
          path: path, sequence: reader.position, expected: "seed, prompt or pair", found: type)
      }
    }
  }

  var summary: String {
    "\(counted(seeds.count, "seed")), \(counted(heldBack.count, "held-back seed")), "
      + "\(counted(prompts.count, "prompt")), \(counted(pairs.count, "pair"))"
  }
}
