import Foundation
import TestSupport
import Testing

/// The verbs that look at runs and data, after one small run on what is built in.
struct SynpoReportTests {
  /// One run for all tests here: 40 prompts, one iteration, short trainings.
  private static let shared = Result { try SmallRun() }

  private func shell(_ line: String) throws -> BuiltTools.Outcome {
    try BuiltTools.run(line, in: Self.shared.get().folder)
  }

  @Test func `report writes one page without outside resources, and the numbers as JSON`() throws {
    let made = try shell("synpo report r -o page.html && synpo report r --json")
    #expect(made.code == 0, "\(made.complaint)")
    let page = try String(
      contentsOfFile: Self.shared.get().folder.file("page.html"), encoding: .utf8)
    for part in ["</html>", "<svg", "Wins against the initial model", "length-controlled"] {
      #expect(page.contains(part), "\(part)")
    }
    for part in ["http:", "https:", "<script"] { #expect(!page.contains(part), "\(part)") }
    #expect(made.lines.first == "page.html")
    let numbers = try JSONSerialization.jsonObject(with: Data((made.lines.last ?? "").utf8))
    let validations = (numbers as? [String: Any])?["validations"] as? [[String: Any]]
    #expect(validations?.count == 2)
    #expect((numbers as? [String: Any])?["machine"] != nil)
  }

  @Test(arguments: [
    "seed-answers-0", "iteration-1/keywords", "iteration-1/prompts", "iteration-1/drafts",
    "iteration-1/rewrites", "iteration-1/baselines", "iteration-1/pairs", "iteration-1/validation",
  ])
  func `explain makes a record again, the same to the last byte`(log: String) throws {
    let found = try shell(
      """
      id=$(rlog cat r/\(log).rlg | jq -r 'select(has("reason") | not) | .id' | head -n 3 | tail -n 1)
      synpo explain $id r --again
      """)
    #expect(found.code == 0, "\(found.complaint)")
    #expect(found.complaint.contains("made again: the same"), "\(found.complaint)")
    #expect(found.output.contains("r/\(log).rlg, record"))
  }

  @Test func `explain says why a refused record is not made again`() throws {
    let found = try shell(
      """
      id=$(rlog cat r/iteration-1/pairs.rlg | jq -r 'select(has("reason")) | .id' | head -n 1)
      synpo explain $id r --again
      """)
    #expect(found.code == 1)
    #expect(found.complaint.contains("cannot be made again: it was refused"), "\(found.complaint)")
  }

  @Test func `explain tells of an id that no log holds`() throws {
    let found = try shell("synpo explain 0000000000000000 r")
    #expect(found.code == 2 && found.complaint.contains("no log in r holds"))
  }

  @Test func `watch tells what is done and ends by itself`() throws {
    let seen = try shell("synpo watch r --interval 0.1")
    #expect(seen.code == 0, "\(seen.complaint)")
    for words in ["iteration 1, pairs: done", "train policy: done", "the run has ended"] {
      #expect(seen.complaint.contains(words), "\(words)")
    }
    let none = try shell("synpo watch nowhere")
    #expect(none.code == 2 && none.complaint.contains("nowhere holds no run"))
  }

  @Test func `watch says that a run which was killed is not worked on`() throws {
    let seen = try shell(
      "cp -r r dead; rm dead/report.json dead/iteration-1/report.json; synpo watch dead")
    #expect(seen.code == 1)
    #expect(seen.complaint.contains("nobody works on dead any more"), "\(seen.complaint)")
  }

  @Test func `doctor finds what would spoil training, and says so by its exit code`() throws {
    let bad = try shell(
      #"""
      for i in $(seq 30); do
        echo "{\"prompt\":\"question $i\",\"chosen\":\"a much longer answer $i\",\"rejected\":\"no\"}"
      done > bad.jsonl
      synpo doctor bad.jsonl --json
      """#)
    #expect(bad.code == 3)
    #expect(try bad.objects().map { $0["check"] as? String } == ["length_bias"])
    let good = try shell(
      #"echo '{"prompt":"Where?","completion":"Here."}' > good.jsonl; synpo doctor good.jsonl"#)
    #expect(good.code == 0 && good.output.contains("nothing to find fault with"))
    let control = try shell("synpo doctor good.jsonl --model embedded")
    #expect(control.code == 0, "\(control.output)\(control.complaint)")
  }

  @Test func `analyse gives a row for each kind of text`() throws {
    let found = try shell(
      "synpo analyse r/iteration-1/pairs.rlg r/iteration-1/prompts.rlg r/seeds.rlg --json")
    #expect(found.code == 0, "\(found.complaint)")
    #expect(
      try found.objects().map { $0["texts"] as? String } == [
        "chosen", "rejected", "prompts", "prompts", "answers",
      ])
    let words = try shell("synpo analyse r/iteration-1/prompts.rlg --model embedded")
    #expect(words.output.contains("tokens") && words.output.contains("prompts.rlg: prompts"))
  }

  @Test func `gc removes leftovers only, and the run still tells its numbers`() throws {
    let made = try shell(
      "cp -r r g; touch g/x.part; synpo gc g; synpo gc g --delete; ls g; synpo watch g --once")
    #expect(made.code == 0, "\(made.complaint)")
    #expect(made.output.contains("g/x.part  (was never finished)"))
    #expect(!made.lines.contains("x.part") && made.lines.contains("report.json"))
  }
}

private struct SmallRun {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    let made = try BuiltTools.run(
      "synpo run --output-dir r --iterations 1 --set max_seeds=80 --set prompts_per_iteration=40 "
        + "--set scorer.threshold=0 --set generator.num_train_epochs=1 --quiet > told", in: folder)
    guard made.code == 0 else { throw Failure(complaint: made.complaint) }
  }

  struct Failure: Error { let complaint: String }
}
