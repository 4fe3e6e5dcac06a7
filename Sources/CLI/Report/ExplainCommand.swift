import ArgumentParser
import Corpus
import Foundation
import Report
import SynPO

struct ExplainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Tells where a record comes from, back to seeds and paragraphs.",
    discussion: """
      With --again the record is made once more from its parents, by the models and settings of its \
      run, and compared byte by byte; exit code 3 where it differs.
      """)

  @Argument(help: "The id of a record: 16 hexadecimal digits.") var id: String
  @Argument(
    help: "A folder, such as the output folder of a run; all logs below it are searched.",
    completion: .directory)
  var folder = "runs"

  @Flag(help: "Make the record again and compare.") var again = false
  @Flag(help: "The records as lines of JSON, the asked one first.") var json = false

  func run() async throws {
    try checkReadable(folder)
    let lineage = try Lineage(of: id.lowercased(), in: LogSearch(folder))
    let files = runFolder(of: lineage.record).flatMap { try? RunFiles($0) }
    if json {
      for record in lineage.records {
        try Results.write(String(decoding: record.bytes, as: UTF8.self))
      }
    } else {
      try Results.write(LineageTale(lineage: lineage, files: files).text)
    }
    guard again else { return }
    guard let files else {
      throw ReportError.cannotRemake(id: lineage.record.id, reason: "its log is in no run's folder")
    }
    try await compare(lineage, files)
  }

  private func compare(_ lineage: Lineage, _ files: RunFiles) async throws {
    let made = try await Remaking(lineage, files).bytes()
    guard made == lineage.record.bytes else {
      Console.standard.note("made again: it differs")
      Console.standard.note("  was  \(String(decoding: lineage.record.bytes, as: UTF8.self))")
      Console.standard.note("  is   \(String(decoding: made, as: UTF8.self))")
      throw ExitKind.unverified
    }
    Console.standard.note("made again: the same, all \(made.count) bytes")
  }

  /// The nearest folder above the record's log that holds settings.
  private func runFolder(of record: StoredRecord) -> String? {
    var folder = (record.path as NSString).deletingLastPathComponent
    while !folder.isEmpty, folder != "/" {
      if RunFolder(folder).exists("run.yaml") { return folder }
      folder = (folder as NSString).deletingLastPathComponent
    }
    return nil
  }
}

/// A lineage in words: the record, then what it was made from, indented by generation.
struct LineageTale {
  let lineage: Lineage
  let files: RunFiles?

  var text: String {
    var told: Set<String> = []
    return tale(of: lineage.record, depth: 0, &told)
      + lineage.missing.map { "\n\($0) is named as a parent and is in none of the logs\n" }.joined()
  }

  private func tale(of record: StoredRecord, depth: Int, _ told: inout Set<String>) -> String {
    let margin = String(repeating: "  ", count: depth)
    guard told.insert(record.id).inserted else {
      return "\(margin)\(record.kind) \(record.id): see above\n"
    }
    var lines = ["\(record.kind) \(record.id)"]
    lines += record.words.map { "  \($0.name.padding(to: 9)) \(oneLine($0.text, limit: 400))" }
    lines += facts(of: record).map { "  \($0.padding(to: 9)) \($1)" }
    var text = lines.map { "\(margin)\($0)\n" }.joined()
    for parent in record.origin.parents {
      if let parent = lineage.record(parent) {
        text += "\(margin)  made from\n" + tale(of: parent, depth: depth + 2, &told)
      }
    }
    return text
  }

  private func facts(of record: StoredRecord) -> [(String, String)] {
    let origin = record.origin
    var facts = [("log", "\(record.path), record \(record.sequence)")]
    if let iteration = origin.iteration { facts.append(("iteration", "\(iteration)")) }
    if let model = origin.model { facts.append(("model", "\(model)\(role(of: record))")) }
    if let settings = origin.settings {
      let words = files.map {
        $0.settings.hash == settings ? " (run.yaml)" : " (not those of run.yaml)"
      }
      facts.append(("settings", settings + (words ?? "")))
    }
    if let seed = origin.seed { facts.append(("seed", "\(seed)")) }
    return facts
  }

  private func role(of record: StoredRecord) -> String {
    let number = record.origin.iteration ?? 0
    switch record.kind {
    case "prompt": return ", the generator"
    case "rewrite": return ", the improver of iteration \(number)"
    case "baseline": return ", the one to be beaten"
    default: return ""
    }
  }
}
