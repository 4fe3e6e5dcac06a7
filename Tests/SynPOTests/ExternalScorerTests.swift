import Foundation
import TestSupport
import Testing

@testable import SynPO

/// A scorer in a program of its own, here a shell script.
struct ExternalScorerTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private let items = [
    ScoringItem(prompt: "What?", answers: ["this", "that"]),
    ScoringItem(prompt: "Who?", answers: ["\"she\"\n", "he"]),
  ]

  @Test func `its numbers are the scores, line by line`() throws {
    let scorer = try scorer(
      """
      while read -r line; do
        printf '%s\\n' "$line" >> \(folder.file("asked"))
        echo '{"scores": [0.5, -2]}'
      done
      """)
    #expect(try scorer.scores(items) == [[0.5, -2], [0.5, -2]])
    let asked = try String(contentsOfFile: folder.file("asked"), encoding: .utf8)
    #expect(asked.split(separator: "\n").count == 2)
    #expect(asked.contains(#"{"answers":["\"she\"\n","he"],"prompt":"Who?"}"#))
  }

  @Test func `one that dies after each answer is started again`() throws {
    let scorer = try scorer("read -r line; echo '{\"scores\": [1, 2]}'")
    #expect(try scorer.scores(items + items) == Array(repeating: [1, 2], count: 4))
  }

  @Test func `one that always dies is an error with its last words`() throws {
    let scorer = try scorer("echo begun >&2; echo 'no model there' >&2; exit 3")
    #expect(throws: failure(scorer, .died(times: 3), "begun\nno model there")) {
      try scorer.scores(items)
    }
  }

  @Test(.timeLimit(.minutes(10))) func `one that hangs is ended and is an error`() throws {
    let scorer = try scorer("echo thinking >&2; exec sleep 600", timeLimit: 2)
    #expect(throws: failure(scorer, .silent(seconds: 2, times: 3), "thinking")) {
      try scorer.scores(items)
    }
  }

  @Test func `an answer that is no scores is an error that shows it`() throws {
    let scorer = try scorer("while read -r line; do echo 'good and bad'; done")
    #expect(throws: failure(scorer, .garbage(line: "good and bad"), "")) {
      try scorer.scores(items)
    }
  }

  @Test func `too few scores are an error`() throws {
    let scorer = try scorer("while read -r line; do echo '{\"scores\": [1]}'; done")
    #expect(throws: failure(scorer, .wrongCount(expected: 2, found: 1), "")) {
      try scorer.scores(items)
    }
  }

  @Test func `an answer without an end is not waited for in memory`() throws {
    let scorer = try scorer("read -r line; exec tr '\\0' x < /dev/zero", timeLimit: 20)
    #expect(throws: SynPOError.self) { try scorer.scores(items) }
  }

  private func failure(
    _ scorer: ExternalScorer, _ problem: ScorerProblem, _ lastWords: String
  ) -> SynPOError {
    .scorer(command: scorer.program.name, problem: problem, lastWords: lastWords)
  }

  private func scorer(_ script: String, timeLimit: Double = 20) throws -> ExternalScorer {
    let path = folder.file("scorer.sh")
    try script.write(toFile: path, atomically: true, encoding: .utf8)
    return ExternalScorer(
      threshold: 0, program: ExternalProgram(command: ["sh", path], timeLimit: timeLimit))
  }
}
