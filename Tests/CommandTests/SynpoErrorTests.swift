import Foundation
import TestSupport
import Testing

/// Bad input and bad usage: a message in one place, an exit code that tells the kind, never a trap.
@Suite(.enabled(if: Shared.isPresent))
struct SynpoErrorTests {
  let folder: TemporaryFolder
  static let gguf = Shared.path("data/stories260k/stories260K-f32.gguf")

  init() throws { folder = try TemporaryFolder() }

  func expect(_ code: Int32, _ words: [String], from line: String) throws {
    let outcome = try BuiltTools.run(line, in: folder)
    #expect(outcome.code == code, "\(line): \(outcome.complaint)")
    #expect(outcome.complaint.contains("synpo: error: "), "\(line): \(outcome.complaint)")
    for word in words {
      #expect(outcome.complaint.contains(word), "\(line): \(outcome.complaint)")
    }
    #expect(outcome.output.isEmpty, "\(line)")
  }

  /// Copies a GGUF file with the last letter of the text under `key` changed to X.
  func spoil(_ key: String, of path: String, as name: String) throws {
    var bytes = try Data(contentsOf: URL(filePath: path))
    let start = try #require(bytes.range(of: Data(key.utf8))).upperBound
    let length = Int(bytes[start + 4])
    bytes[start + 12 + length - 1] = UInt8(ascii: "X")
    try bytes.write(to: URL(filePath: folder.file(name)))
  }

  @Test func `a cut file is told with its place`() throws {
    try expect(
      3, ["cut.gguf", "fetch it again"],
      from: "head -c 100000 \(Self.gguf) > cut.gguf; synpo model import cut.gguf o.synpo")
    try expect(
      3, ["h.gguf", "room for"], from: "head -c 300 \(Self.gguf) > h.gguf; synpo model info h.gguf")
    #expect(!FileManager.default.fileExists(atPath: folder.file("o.synpo")))
    #expect(!FileManager.default.fileExists(atPath: folder.file("o.synpo.part")))
  }

  @Test func `an unknown architecture and an unknown pre-tokenizer are told by name`() throws {
    try spoil("general.architecture", of: Self.gguf, as: "a.gguf")
    try expect(1, ["a.gguf", "'llamX'"], from: "synpo model import a.gguf o.synpo")
    let made = try BuiltTools.run(
      "synpo model import \(Shared.path("fixtures/qwen2")) q.synpo && synpo model export q.synpo q.gguf",
      in: folder)
    try #require(made.code == 0, "\(made.complaint)")
    try spoil("tokenizer.ggml.pre", of: folder.file("q.gguf"), as: "p.gguf")
    try expect(1, ["p.gguf", "pre-tokenizer", "X`"], from: "synpo model import p.gguf o.synpo")
  }

  @Test func `a model without a template is not asked to chat`() throws {
    let made = try BuiltTools.run("synpo model import \(Self.gguf) m.synpo", in: folder)
    try #require(made.code == 0)
    try expect(2, ["m.synpo", "chat template"], from: "synpo model generate m.synpo -p hello")
    let answer = try BuiltTools.run(
      "synpo model generate m.synpo -p hello -n 4 --chat_template plain", in: folder)
    #expect(answer.code == 0)
  }

  @Test(arguments: [
    "synpo model info nix.gguf", "synpo model import nix.gguf o.synpo",
    "synpo model generate nix.gguf -p x", "synpo run nix.yaml", "synpo run --model nix.gguf",
    "synpo run --seeds nix.jsonl", "synpo prompts nix.rlg -o o.rlg",
    "synpo seeds nix.jsonl -o o.rlg",
    "synpo eval nix.rlg",
  ])
  func `a file that is not there is told by name`(line: String) throws {
    try expect(2, ["nix.", "No such file"], from: line)
  }

  @Test(arguments: [
    ("synpo model info m --bogus", "--bogus"), ("synpo nonsense", "nonsense"),
    ("synpo model generate m", "--prompt or --file"),
    ("synpo model generate m -p x --top_p 2", "--top-p must be"),
    ("synpo run --set policy.betta=3", "did you mean 'policy.beta'?"),
    ("synpo run --set iterations=none", "iterations"),
    ("synpo run --set policy.gamma=9", "policy.gamma"),
    ("synpo run --iterations 0", "iterations"),
  ])
  func `wrong usage is told with a hint`(line: String, hint: String) throws {
    try expect(2, [hint], from: line)
  }

  @Test func `files of another kind are refused`() throws {
    try expect(2, ["neither"], from: "echo hello > x; synpo model import x o.synpo")
    try expect(2, ["not a"], from: "seq 99 > x; synpo model export x o.gguf")
  }

  @Test func `a line that is no prompt is told, the others are answered`() throws {
    let made = try BuiltTools.run(
      """
      synpo model import \(Self.gguf) m.synpo > report
      printf '{"prompt":"Lily"}\\nbroken\\n{"other":1}\\n{"prompt":"Tom"}\\n' |
        synpo model generate m.synpo --raw -n 3 -f -
      """, in: folder)
    #expect(made.code == 3)
    #expect(made.lines.count == 2)
    #expect(made.complaint.contains("line 2") && made.complaint.contains("line 3"))
  }

  @Test func `seeds that are none go aside; a file without any is an error`() throws {
    let made = try BuiltTools.run(
      #"""
      printf '{"prompt":"a","completion":"b"}\nbroken\n{"prompt":"a","completion":"b"}\n' > s.jsonl
      synpo seeds s.jsonl | rlog cat
      """#, in: folder)
    #expect(made.code == 0)
    #expect(made.lines.count == 2)
    #expect(made.complaint.contains("seen before"))
    try expect(3, ["no usable seed"], from: "echo broken > s.jsonl; synpo seeds s.jsonl -o s.rlg")
  }
}
