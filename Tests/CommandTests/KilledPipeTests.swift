import Foundation
import TestSupport
import Testing

/// Row 7 of the plan, with the real programs: a pipe of two stages of the recipe, both of which are
/// killed again and again. Run once more it goes on where its output stood, and ends with the records
/// of a pipe that was left alone.
struct KilledPipeTests {
  private static let text = """
    The lantern maker walked along the river to the old harbour and counted barrels of copper.
    Seven sailors carried sugar, paper and glass from the market to the garden behind the mill.
    In winter the teacher measured angles and numbers while her brother repaired the wooden bridge.
    A quiet engine pulled twelve wagons of coal through the valley past the empty station.
    """

  @Test func `two stages killed at any moment lose no record and double none`() throws {
    let start = ContinuousClock.now
    let folder = try TemporaryFolder()
    try Self.text.write(toFile: folder.file("text"), atomically: false, encoding: .utf8)
    let isFull = ProcessInfo.processInfo.environment["SYNPO_TEST_VOLUME"] == "full"
    let wanted = isFull ? 500 : 20
    let settings = "--set prompts_per_iteration=400 --quiet"
    let synpo = BuiltTools.path(of: "synpo")
    func pipe(to output: String) -> String {
      "\(synpo) prompts keywords.rlg \(settings) | \(synpo) respond - -o \(output) \(settings)"
    }
    let made = try BuiltTools.run(
      "synpo keywords text -o keywords.rlg \(settings)", in: folder)
    #expect(made.code == 0, "\(made.complaint)")
    let begin = ContinuousClock.now
    let whole = try BuiltTools.run(pipe(to: "whole.rlg"), in: folder)
    #expect(whole.code == 0, "\(whole.complaint)")
    // Moments over all that a pipe does, however fast the machine.
    let duration = (ContinuousClock.now - begin) / .seconds(1)
    var random = SystemRandomNumberGenerator()
    var (kills, finished, round) = (0, 0, 0)
    while kills < wanted, round < 10 * wanted {
      round += 1
      let seconds = Double.random(in: 0.01...max(0.02, duration), using: &random)
      let outcome = try BuiltTools.run(
        // The whole group of processes goes at once.
        "timeout -s KILL \(seconds) sh -c '\(pipe(to: "killed.rlg"))'", in: folder)
      if outcome.code == 0 {
        finished += 1
        try compare(in: folder)
        try FileManager.default.removeItem(atPath: folder.file("killed.rlg"))
      } else {
        #expect(outcome.code == 137, "\(outcome.complaint)")
        kills += 1
      }
    }
    let last = try BuiltTools.run(pipe(to: "killed.rlg"), in: folder)
    #expect(last.code == 0, "\(last.complaint)")
    try compare(in: folder)
    #expect(kills == wanted)
    let elapsed = (ContinuousClock.now - start).components.seconds
    print(
      "row 7: two-stage pipes killed \(kills) times, finished \(finished + 1) times: 0 records lost "
        + "or doubled (\(elapsed) s)")
  }

  private func compare(in folder: TemporaryFolder) throws {
    let outcome = try BuiltTools.run(
      "rlog cat killed.rlg > a; rlog cat whole.rlg > b; cmp a b && test -s b", in: folder)
    #expect(outcome.code == 0, "\(outcome.output)\(outcome.complaint)")
  }
}
