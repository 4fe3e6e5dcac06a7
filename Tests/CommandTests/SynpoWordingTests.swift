import Bytes
import Testing

@testable import CLI

struct SynpoWordingTests {
  @Test(arguments: [
    (["run", "--output_dir", "a_b"], ["run", "--output-dir", "a_b"]),
    (["--set", "max_seeds=3"], ["--set", "max_seeds=3"]),
    (["--set=max_seeds=3"], ["--set=max_seeds=3"]),
    (["--learning_rate=1_000"], ["--learning-rate=1_000"]),
    (["-a_b", "--", "--c_d"], ["-a_b", "--", "--c_d"]),
  ])
  func `long flags may have underscores, values keep theirs`(given: [String], read: [String]) {
    #expect(withDashes(given) == read)
  }

  @Test(arguments: [
    (Progress(title: "respond", done: 0, total: 400), "respond  0/400 records  1.5 MiB"),
    (
      Progress(title: "respond", done: 100, total: 400, tokens: 9000),
      "respond  100/400 records  10.0/s  900 tokens/s  0:30 left  1.5 MiB"
    ),
    (
      Progress(title: "train", unit: "steps", done: 2, total: 2000),
      "train  2/2000 steps  0.200/s  2:46:30 left  1.5 MiB"
    ),
    (Progress(title: "seeds", done: 50), "seeds  50 records  5.0/s  1.5 MiB"),
  ])
  func `progress tells rate, time left and memory`(progress: Progress, text: String) {
    #expect(
      ProgressLine.text(for: progress, elapsed: .seconds(10), memory: .kibibytes(1536)) == text)
  }

  @Test func `a line comes at once on a terminal, later elsewhere, and then at intervals`() {
    let start = ContinuousClock.now
    let progress = Progress(title: "pairs", done: 1)
    for showsAtOnce in [true, false] {
      var line = ProgressLine(
        title: "pairs", interval: .seconds(2), started: start, showsAtOnce: showsAtOnce)
      let shown = [0, 1, 2, 3, 4, 5].map { second in
        line.text(for: progress, at: start + .seconds(second)) { nil } != nil
      }
      #expect(shown == [showsAtOnce, false, true, false, true, false])
    }
  }

  @Test func `numbers read well`() {
    #expect([7, 1234, -1_234_567].map(grouped) == ["7", "1,234", "-1,234,567"])
    #expect([0, 59.6, 3600, 36_061].map(clock) == ["0:00", "1:00", "1:00:00", "10:01:01"])
    #expect([0.12345, 8.08, 940.4].map(decimal) == ["0.123", "8.1", "940"])
    #expect(table([["", "a"], ["one", "22"]]) == "        a\n  one  22\n")
    #expect(oneLine("a\n\nb") == "a / b")
  }

  @Test func `windows hold every token once, after a start`() {
    let tokens: [Int32] = Array(10..<17)
    let started = Windows(tokens: tokens, size: 4, start: 1).all
    #expect(started.map(\.answer) == [[10, 11, 12], [13, 14, 15], [16]])
    #expect(started.allSatisfy { $0.prompt == [1] })
    let plain = Windows(tokens: tokens, size: 3, start: nil).all
    #expect(plain.map(\.prompt) == [[10], [13]])
    #expect(plain.map(\.answer) == [[11, 12], [14, 15]])
  }
}
