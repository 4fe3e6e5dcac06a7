import ArgumentParser
import Bytes
import Foundation
import Report
import SynPO

struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Makes one page of HTML of a run: curves, tables, examples, settings.",
    discussion: """
      The page needs nothing else: no script, no network. It can be made while the run goes on. \
      Answers are scored once more by the run's own scorer, which opens the model; the scores are \
      kept in the folder. With --files-only the model is left alone, and what needs scores is left \
      out, but for the exact checker's.
      """)

  @Argument(
    help: ArgumentHelp("The output folder of a run.", valueName: "run"), completion: .directory)
  var folder: String
  @Option(
    name: .shortAndLong, help: "The page; report.html in the run's folder unless given.",
    completion: .file(extensions: ["html"]))
  var output: String?
  @Flag(help: "All numbers as one JSON object to standard output, and no page.") var json = false
  @Flag(help: "Do not open the model.") var filesOnly = false
  @Flag(name: .shortAndLong, help: "Tell errors only.") var quiet = false

  func run() async throws {
    if quiet { Console.standard.becomeQuiet() }
    let files = try RunFiles(folder)
    let judges = filesOnly ? [Judges.exact] : Judges.all(of: files)
    let analysis = try await RunAnalysis(files, judges: judges) { part in
      Console.standard.show(Progress(title: "report: \(part)", unit: "parts", done: 0))
    }
    Console.standard.clear()
    guard !json else { return try Results.write(json: analysis) }
    let path = output ?? files.logs.folder.file("report.html")
    try FileReplacement.write([UInt8](try ReportPage(analysis, files).html.utf8), to: path)
    for alarm in analysis.alarms {
      Console.standard.note(
        "alarm: \(alarm.kind.rawValue), iteration \(alarm.iteration): \(alarm.words)")
    }
    try Results.write("\(path)\n")
  }
}
