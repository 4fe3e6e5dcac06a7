import Bytes
import Foundation
import SynPO

/// What a run came to, on a page.
struct RunSummary {
  let report: RunReport

  private var last: Validation { report.iterations.last?.validation ?? report.initial }

  var text: String {
    [
      "\nAnswers to held-back seeds (scores by \(report.scorer)):\n",
      measurements, "\n\(examples)", "\n\(outcome)",
    ].joined()
  }

  /// One row for the initial model and for each iteration.
  private var measurements: String {
    let all = [report.initial] + report.iterations.map(\.validation)
    let head = [
      "", "right", "win rate", "95 of 100", "score", "scorer's wins", "gold loss", "length",
      "repetitive", "",
    ]
    return table([head] + all.map(row))
  }

  private func row(_ validation: Validation) -> [String] {
    [
      validation.iteration == 0 ? "initial model" : "iteration \(validation.iteration)",
      validation.accuracy.map(percent) ?? "-",
      validation.exactDuel.map { percent($0.winRate) } ?? "-",
      validation.exactDuel.map { "\(percent($0.low)) to \(percent($0.high))" } ?? "-",
      fixed(validation.meanScore, decimals: 3),
      validation.winRate.map(percent) ?? "-", fixed(validation.goldLoss, decimals: 3),
      decimal(validation.meanLength), percent(validation.repetitive),
      validation.iteration == report.best ? "kept" : "",
    ]
  }

  private var examples: String {
    guard !last.examples.isEmpty else { return "" }
    let entries = last.examples.map { example in
      let verdict = example.isRight.map { $0 ? "   (right)" : "   (wrong)" } ?? ""
      return columns([
        ("asked", oneLine(example.prompt)), ("answer", oneLine(example.answer) + verdict),
        ("gold", oneLine(example.gold)),
      ])
    }
    return "Answers after iteration \(last.iteration):\n" + entries.joined(separator: "\n")
  }

  private var outcome: String {
    var rows = [
      ("best", report.best == 0 ? "the initial model" : "iteration \(report.best)"),
      ("model", report.bestModel ?? report.model),
      ("numbers", "\(report.folder)/report.json, \(report.folder)/metrics.jsonl"),
      ("logs", "\(report.folder): \(logs(in: report.folder))"),
    ]
    if let iteration = report.iterations.last?.iteration {
      let folder = RunFolder(report.folder).iteration(iteration).path
      rows.append(("", "\(folder): \(logs(in: folder))"))
    }
    rows += [
      (
        "memory",
        "\(ByteCount(report.peakOwnBytes)) of its own at most, "
          + "\(ByteCount(report.peakMappedBytes)) of mapped files"
      ),
      ("time", clock(report.seconds)),
    ]
    if let reason = report.stopped { rows.insert(("stopped", reason), at: 0) }
    return columns(rows)
  }

  private func logs(in folder: String) -> String {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".rlg") }.sorted().joined(separator: ", ")
  }
}
