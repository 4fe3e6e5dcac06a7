import Foundation
import TestSupport
import Testing

/// The embedded loop gives the same bytes however it is run.
struct SynpoSameResultTests {
  /// Small enough to be over in seconds, with every stage and every training in it.
  private static let settings = """
    --set max_seeds=96 --set held_back_share=0.2 --set prompts_per_iteration=150 \
    --set pairs_per_iteration=40 --set generator.save_steps=3 --set improver.save_steps=2 \
    --set policy.learning.save_steps=1 --set scorer.threshold=0 --iterations 2 --quiet
    """

  @Test func `a run killed at any moment ends with the bytes of one left alone`() throws {
    let folder = try TemporaryFolder()
    func shell(_ line: String) throws -> BuiltTools.Outcome {
      try BuiltTools.run(line, in: folder)
    }
    let whole = try shell("synpo run --output-dir whole \(Self.settings)")
    #expect(whole.code == 0, "\(whole.complaint)")
    let synpo = BuiltTools.path(of: "synpo")
    var kills = 0
    for attempt in 0..<60 {
      let seconds = 0.25 + 0.11 * Double(attempt % 7)
      let outcome = try shell(
        "timeout -s KILL \(seconds) \(synpo) run --output-dir killed \(Self.settings)")
      if outcome.code == 0 { break }
      #expect(outcome.code == 137, "\(outcome.complaint)")
      kills += 1
    }
    let last = try shell("synpo run --output-dir killed \(Self.settings)")
    #expect(last.code == 0, "\(last.complaint)")
    #expect(kills > 3)
    print("\(kills) kills")
    try compare("whole", "killed", in: folder)
  }

  @Test(arguments: [0, 60, 128])
  func `a stage begins its log anew where a crash left none of it`(length: Int) throws {
    let folder = try TemporaryFolder()
    let outcome = try BuiltTools.run(
      """
      head -c \(length) /dev/zero > lists.rlg
      synpo keywords -n 5 -o lists.rlg --quiet && rlog count lists.rlg
      """, in: folder)
    #expect(outcome.code == 0 && outcome.output.contains("5"), "\(outcome.complaint)")
  }

  @Test func `threads and sequences at once change nothing`() throws {
    let folder = try TemporaryFolder()
    let few = "SYNPO_THREADS=1 synpo run --output-dir few --set parallel_sequences=7"
    let many = "SYNPO_THREADS=2 synpo run --output-dir many --set parallel_sequences=50"
    for line in [few, many] {
      let outcome = try BuiltTools.run(
        line.replacing("synpo ", with: "\(BuiltTools.path(of: "synpo")) ") + " "
          + Self.settings, in: folder)
      #expect(outcome.code == 0, "\(outcome.complaint)")
    }
    try compare("few", "many", in: folder)
  }

  /// Two runs have the same logs, models and numbers.
  private func compare(_ one: String, _ other: String, in folder: TemporaryFolder) throws {
    let compared = try BuiltTools.run(
      """
      cd \(one) && for file in $(find . -name '*.rlg' -o -name '*.packed' \
        -o -name 'reward-head.json' -o -name 'seeds.json'); do
        cmp "$file" "../\(other)/$file" || exit 1
      done
      """, in: folder)
    #expect(compared.code == 0, "\(compared.output)\(compared.complaint)")
    #expect(try numbers(in: folder.file(one)) == numbers(in: folder.file(other)))
  }

  /// A run's report without times, memory and its own place.
  private func numbers(in folder: String) throws -> NSDictionary {
    let data = try Data(contentsOf: URL(filePath: "\(folder)/report.json"))
    func stripped(_ value: Any) -> Any {
      if let list = value as? [Any] { return list.map(stripped) }
      guard let object = value as? [String: Any] else { return value }
      let apart: Set = [
        "seconds", "before_seconds", "folder", "best_model", "peak_own_bytes", "peak_mapped_bytes",
      ]
      return object.filter { !apart.contains($0.key) }.mapValues(stripped)
    }
    let object = stripped(try JSONSerialization.jsonObject(with: data))
    return try #require(object as? NSDictionary)
  }
}
