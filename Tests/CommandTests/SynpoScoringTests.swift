import Foundation
import TestSupport
import Testing

/// Scoring under a limit on private memory that the system enforces: `ulimit -d` counts every
/// private page that can be written, touched or not.
struct SynpoScoringTests {
  private static let tools = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "tools").path

  @Test(arguments: ["", "--cache int8"])
  func `no tokens x vocabulary numbers are held where a text is scored`(option: String) throws {
    let folder = try TemporaryFolder()
    // In floats, 3000 tokens with 60,000 probabilities each take 687 MiB.
    let shape = "width=64,layers=2,heads=2,groups=1,feed=128,vocabulary=60000,tied=1"
    try String(repeating: "a quick brown fox. ", count: 158)
      .write(toFile: folder.file("text"), atomically: false, encoding: .utf8)
    func score(_ kibibytes: Int) throws -> BuiltTools.Outcome {
      try BuiltTools.run(
        "ulimit -d \(kibibytes); synpo model perplexity m.gguf -f text -c 4000 --json \(option)",
        in: folder)
    }
    let made = try BuiltTools.run(
      """
      python3 \(Self.tools)/random-gguf \(shape) m.gguf &&
      synpo model perplexity m.gguf -f text -c 4000 --json \(option)
      """, in: folder)
    try #require(made.code == 0, "\(made.complaint)")
    #expect(try made.objects()[0]["tokens"] as? Int ?? 0 > 2900)
    let bounded = try score(256 << 10)
    #expect(bounded.code == 0, "\(bounded.complaint)")
    #expect(bounded.output == made.output)
    // The limit is one.
    #expect(try score(32 << 10).code != 0)
  }
}
