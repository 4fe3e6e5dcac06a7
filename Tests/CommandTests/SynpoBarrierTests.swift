import Foundation
import TestSupport
import Testing

/// Barriers through the real programs.
struct SynpoBarrierTests {
  private static let settings = "--set prompts_per_iteration=120 --quiet"

  /// What a log has in front of each barrier: prints the records' parents or ids, barriers between them.
  private func items(_ log: String, _ field: String, in folder: TemporaryFolder) throws -> [String]
  {
    let outcome = try BuiltTools.run(
      "rlog cat --envelope \(log) | jq -r 'if .barrier then \"|\\(.barrier)\" else \(field) end'",
      in: folder)
    #expect(outcome.code == 0, "\(outcome.complaint)")
    return outcome.lines
  }

  @Test func `logs of two stages, cut at a barrier, belong together, killed in between or not`()
    throws
  {
    let folder = try TemporaryFolder()
    let synpo = BuiltTools.path(of: "synpo")
    func pipe(_ prompts: String, _ answers: String) -> String {
      "\(synpo) prompts keywords.rlg -o \(prompts) \(Self.settings) && "
        + "\(synpo) respond \(prompts) -o \(answers) \(Self.settings)"
    }
    let made = try BuiltTools.run(
      "synpo keywords -n 120 --barrier-every 25 -o keywords.rlg \(Self.settings) && "
        + pipe("prompts.rlg", "answers.rlg"), in: folder)
    #expect(made.code == 0, "\(made.complaint)")
    let lists = try items("keywords.rlg", ".record.id", in: folder)
    let prompts = try items("prompts.rlg", ".record.parents[0]", in: folder)
    #expect(lists.filter { $0.hasPrefix("|") } == ["|1", "|2", "|3", "|4"])
    #expect(prompts == lists)
    let promptIDs = try items(
      "prompts.rlg", "(if .type == \"synpo.quarantine.v1\" then empty else .record.id end)",
      in: folder)
    let answered = try items("answers.rlg", ".record.parents[0]", in: folder)
    #expect(answered == promptIDs)
    try kill(pipe("killed-prompts.rlg", "killed.rlg"), in: folder)
    let compared = try BuiltTools.run(
      "cmp prompts.rlg killed-prompts.rlg && cmp answers.rlg killed.rlg", in: folder)
    #expect(compared.code == 0, "\(compared.output)\(compared.complaint)")
  }

  /// Runs a line again and again, killed each time, and once to its end. The first are killed so
  /// soon that no machine is done by then.
  private func kill(_ line: String, in folder: TemporaryFolder) throws {
    var kills = 0
    for attempt in 0..<12 {
      let seconds = 0.03 + 0.03 * Double(attempt)
      let outcome = try BuiltTools.run("timeout -s KILL \(seconds) sh -c '\(line)'", in: folder)
      if outcome.code == 0 { break }
      #expect(outcome.code == 137, "\(outcome.complaint)")
      kills += 1
    }
    let last = try BuiltTools.run(line, in: folder)
    #expect(last.code == 0, "\(last.complaint)")
    print("\(kills) kills")
    #expect(kills > 2)
  }

  @Test func `barriers go through a pipe of stages`() throws {
    let folder = try TemporaryFolder()
    let outcome = try BuiltTools.run(
      """
      synpo keywords -n 30 --barrier-every 10 \(Self.settings) | synpo prompts \(Self.settings) |
        synpo respond -o answers.rlg \(Self.settings)
      """, in: folder)
    #expect(outcome.code == 0, "\(outcome.complaint)")
    let barriers = try items("answers.rlg", "empty", in: folder)
    #expect(barriers == ["|1", "|2", "|3"])
  }
}
