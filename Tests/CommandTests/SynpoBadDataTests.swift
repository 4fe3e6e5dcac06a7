import Foundation
import TestSupport
import Testing

/// Data that trainings cannot use: each ends in a message that says what is wrong, or goes on
/// without it.
struct SynpoBadDataTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    let pairs = (0..<400).map { number in
      #"{"id": "\#(number)", "prompt": "Add \#(number) and \#(7 * number % 31).", "#
        + #""chosen": "\#(number * 8 % 97)", "rejected": "no \#(number)"}"#
    }
    try pairs.joined(separator: "\n").write(
      toFile: folder.file("pairs.jsonl"), atomically: true, encoding: .utf8)
    let made = try BuiltTools.run(
      "\(Self.importing) pairs.jsonl -o pairs.rlg --chunk-bytes 4KiB", in: folder)
    try #require(made.code == 0, "\(made.complaint)")
  }

  static let importing = "rlog import --type synpo.pair.v1"

  /// A training of seconds on the built-in model.
  static let settings =
    "--set policy.learning.method=lora --set policy.learning.batch_size=200 "
    + "--set policy.learning.lora_r=2 --set policy.learning.max_length=32"

  @Test func `a damaged log of pairs is named with its place, and what is whole can be used`()
    throws
  {
    try damage("pairs.rlg", as: "damaged.rlg") { bytes in bytes[bytes.count / 2] ^= 0x10 }
    let refused = try BuiltTools.run(
      "synpo train simpo damaged.rlg --into out \(Self.settings)", in: folder)
    #expect(refused.code == 3)
    for words in ["damaged.rlg, byte ", "checksum", "rlog repair"] {
      #expect(refused.complaint.contains(words), "\(words): \(refused.complaint)")
    }
    let saved = try BuiltTools.run(
      """
      rlog repair damaged.rlg -o whole.rlg >&2
      synpo train simpo whole.rlg --into out \(Self.settings)
      """, in: folder)
    #expect(saved.code == 0, "\(saved.complaint)")
    #expect(try learnt(saved.complaint) < 400)
  }

  @Test func `a log of pairs that was cut is named with the place of the cut`() throws {
    try damage("pairs.rlg", as: "cut.rlg") { $0.removeLast($0.count / 2 + 3) }
    let refused = try BuiltTools.run(
      "synpo train simpo cut.rlg --into out \(Self.settings)", in: folder)
    #expect(refused.code == 3)
    #expect(refused.complaint.contains("cut.rlg, byte "), "\(refused.complaint)")
  }

  @Test func `pairs that teach nothing are counted and set aside, the others are learnt from`()
    throws
  {
    let made = try BuiltTools.run(
      """
      sed -e '1,7s/"chosen": "[^"]*"/"chosen": "no"/; 1,7s/"rejected": "[^"]*"/"rejected": "no"/' \\
        pairs.jsonl > some.jsonl
      \(Self.importing) some.jsonl -o some.rlg && synpo train simpo some.rlg --into out \(Self.settings)
      """, in: folder)
    #expect(made.code == 0, "\(made.complaint)")
    #expect(made.complaint.contains("393 examples (set aside: 7 equal_answers)"))
  }

  @Test(.enabled(if: Shared.isPresent))
  func `an adapter for another model is refused by the name of what does not fit`() throws {
    let made = try BuiltTools.run(
      """
      head -n 8 pairs.jsonl | \(Self.importing) - -o few.rlg
      synpo model import \(Shared.path("fixtures/llama")) other.packed >/dev/null
      synpo train simpo few.rlg --into adapter \(Self.settings) -q
      """, in: folder)
    #expect(made.code == 0, "\(made.complaint)")
    let refused = try BuiltTools.run(
      "synpo model merge other.packed adapter merged.packed", in: folder)
    #expect(refused.code == 3, "\(refused.complaint)")
    #expect(refused.complaint.contains("adapter/adapter_model.safetensors"))
    #expect(refused.complaint.contains("lora_A"))
  }

  private func damage(_ name: String, as copy: String, _ change: (inout [UInt8]) -> Void) throws {
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: folder.file(name))))
    change(&bytes)
    try Data(bytes).write(to: URL(filePath: folder.file(copy)))
  }

  /// How many examples a training says it has learnt from.
  private func learnt(_ words: String) throws -> Int {
    let match = try #require(words.firstMatch(of: /(\d+) examples/))
    return try #require(Int(match.1))
  }
}
