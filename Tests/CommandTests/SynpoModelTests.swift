import Foundation
import TestSupport
import Testing

/// `synpo model` on a real model of 260,000 parameters.
@Suite(.enabled(if: Shared.isPresent))
struct SynpoModelTests {
  let folder: TemporaryFolder
  static let stories = Shared.path("data/stories260k")

  /// A folder with `f.synpo`, the model in float32.
  init() throws {
    folder = try TemporaryFolder()
    let made = try run(
      "synpo model import \(Self.stories)/stories260K-f32.gguf f.synpo --encoding f32")
    try #require(made.code == 0, "\(made.complaint)")
  }

  func run(_ line: String) throws -> BuiltTools.Outcome { try BuiltTools.run(line, in: folder) }

  func text(_ name: String) throws -> String {
    try String(contentsOfFile: "\(Self.stories)/reference/\(name)", encoding: .utf8)
  }

  @Test func `the model tells the story that it is known for`() throws {
    let told = try run(#"synpo model generate f.synpo --raw -p "" --n_predict 200 --temp 0"#)
    #expect(told.code == 0)
    #expect(told.output == (try text("expected_greedy.txt")) + "\n")
  }

  @Test func `a file of prompts is answered line by line, whatever runs beside`() throws {
    let prompts = ["Once upon a time", "Lily", "One day"].map { #"{"prompt": "\#($0)"}"# + "\n" }
    try prompts.joined().write(toFile: folder.file("p.jsonl"), atomically: true, encoding: .utf8)
    let line = "synpo model generate f.synpo --raw -f p.jsonl -n 30"
    let together = try run(line)
    #expect(together.code == 0, "\(together.complaint)")
    #expect(together.output == (try run(line + " --parallel-sequences 1")).output)
    let answers = try together.objects()
    #expect(answers.map { $0["prompt"] as? String } == ["Once upon a time", "Lily", "One day"])
    #expect(
      answers.allSatisfy { $0["tokens"] as? Int == 30 && $0["finish"] as? String == "length" })
    #expect(
      try run("synpo model generate f.synpo --raw -f p.jsonl -n 30 --seed 7").output
        != together.output)
  }

  @Test func `a prompt is answered several times, in order or as answers are finished`() throws {
    let prompts = ["Once upon a time", "Lily", "One day there was a"]
      .map { #"{"prompt": "\#($0)"}"# + "\n" }
    try prompts.joined().write(toFile: folder.file("p.jsonl"), atomically: true, encoding: .utf8)
    let line = #"synpo model generate f.synpo --raw -f p.jsonl -n 30 --stop ".""#
    let several = try run(line + " --samples 3 --parallel-sequences 5")
    #expect(several.code == 0, "\(several.complaint)")
    let answers = try several.objects()
    #expect(answers.map { $0["line"] as? Int } == [1, 1, 1, 2, 2, 2, 3, 3, 3])
    #expect(answers.map { $0["sample"] as? Int } == [0, 1, 2, 0, 1, 2, 0, 1, 2])
    #expect(Set(answers.compactMap { $0["completion"] as? String }).count > 6)
    #expect(several.output == (try run(line + " --samples 3 --parallel-sequences 1")).output)

    let finished = try run(line + " --samples 3 --parallel-sequences 5 --as-finished")
    #expect(finished.lines.sorted() == several.lines.sorted())
    #expect(finished.lines != several.lines)

    let first = try run(line).objects()
    #expect(first.allSatisfy { $0["sample"] == nil })
    let samplesZero = answers.filter { $0["sample"] as? Int == 0 }
    #expect(
      first.map { $0["completion"] as? String } == samplesZero.map { $0["completion"] as? String })

    let one = try run("synpo model generate f.synpo --raw -p Lily -n 9 --json --samples 2")
    #expect(try one.objects().map { $0["sample"] as? Int } == [0, 1])
    #expect(try run("synpo model generate f.synpo --raw -p Lily --samples 2").code == 2)
  }

  @Test func `every kind of cache writes, and one of floats loses nothing`() throws {
    for kind in ["f16", "int8", "f32"] {
      let told = try run(
        #"synpo model generate f.synpo --raw -p "" -n 40 --temp 0 --cache \#(kind)"#)
      #expect(try text("expected_greedy.txt").hasPrefix(told.output.dropLast()), "\(kind)")
      #expect(told.output.count > 60)
    }
    try text("expected_greedy.txt").write(
      toFile: folder.file("text"), atomically: true, encoding: .utf8)
    func loss(_ option: String) throws -> Double {
      let found = try run("synpo model perplexity f.synpo -f text -c 128 --json \(option)")
      return try #require(found.objects().first?["mean_nll"] as? Double, "\(found.complaint)")
    }
    let plain = try loss("")
    #expect(try loss("--cache f32") == plain)
    let codes = try loss("--cache int8")
    #expect(codes != plain && abs(codes - plain) < 0.01)
    #expect(try run("synpo model generate f.synpo -p a --cache f8").code == 2)
  }

  @Test func `an answer ends before a stop string, streamed or not`() throws {
    let line =
      #"synpo model generate f.synpo --raw -p "Once upon a time" --temp 0 --stop " in the park""#
    let wanted = ", there was a little girl named Lily. She loved to play outside"
    #expect(try run(line).output == wanted + "\n")
    let object = try run(line + " --json").objects()[0]
    #expect(object["completion"] as? String == wanted)
    #expect(object["finish"] as? String == "stop")
  }

  @Test func `perplexity is what the reference computed`() throws {
    for reference in try references("logprobs-f32.jsonl") {
      #expect(abs(try meanLoss(of: "f.synpo", on: reference.ids) - reference.meanNll) < 1e-4)
    }
  }

  /// Tokens, and the mean negative log-probability of all but the first by torch.
  private struct Reference: Decodable {
    var ids: [Int]
    var meanNll: Double

    enum CodingKeys: String, CodingKey {
      case ids
      case meanNll = "mean_nll"
    }
  }

  private func references(_ name: String) throws -> [Reference] {
    try text(name).split(separator: "\n").map {
      try JSONDecoder().decode(Reference.self, from: Data($0.utf8))
    }
  }

  private func meanLoss(of model: String, on ids: [Int]) throws -> Double {
    try words(ids.dropFirst()).write(
      toFile: folder.file("text"), atomically: true, encoding: .utf8)
    let found = try run("synpo model perplexity \(model) -f text --json").objects()[0]
    try #require(found["tokens"] as? Int == ids.count - 1)
    return try #require(found["mean_nll"] as? Double)
  }

  /// The text of tokens by llama2.c's own vocabulary file: longest piece, then score, length, bytes.
  private func words(_ ids: some Sequence<Int>) throws -> String {
    let file = try Data(contentsOf: URL(filePath: "\(Self.stories)/tok512.bin"))
    var pieces: [Data] = []
    var place = 4
    while place + 8 <= file.count {
      let length = file[(place + 4)..<(place + 8)].reversed().reduce(0) { $0 << 8 | Int($1) }
      pieces.append(file[(place + 8)..<(place + 8 + length)])
      place += 8 + length
    }
    let bytes = ids.map { pieces[$0] }.reduce(Data(), +)
    return String(decoding: bytes.first == 0x20 ? bytes.dropFirst() : bytes, as: UTF8.self)
  }

  @Test func `info tells the same of a model before and after packing`() throws {
    let source = try run("synpo model info --json \(Self.stories)/stories260K-f32.gguf").objects()[
      0]
    let packed = try run("synpo model info --json f.synpo").objects()[0]
    for key in [
      "architecture", "parameters", "layers", "width", "feed_forward", "heads", "key_value_heads",
      "vocabulary", "context", "tokenizer", "chat_template", "name",
    ] {
      #expect("\(source[key] ?? "none")" == "\(packed[key] ?? "none")", "\(key)")
    }
    #expect(packed["parameters"] as? Int == 260_032)
    #expect((packed["fingerprint"] as? String)?.count == 16)
  }

  @Test func `what is imported from Q8_0 and exported keeps every code`() throws {
    let made = try run(
      """
      synpo model import --json \(Self.stories)/stories260K-q8_0.gguf q.synpo &&
      synpo model export --json q.synpo q.gguf && synpo model import --json q.gguf again.synpo &&
      synpo model export --json again.synpo again.gguf && cmp q.gguf again.gguf
      """)
    #expect(made.code == 0, "\(made.complaint)")
    let report = try made.objects()[0]
    #expect(report["kept_exactly"] as? Int == 42)
    #expect((report["left_in_float"] as? [Any])?.count == 5)
    let facts = try run(
      """
      synpo model info --json \(Self.stories)/stories260K-q8_0.gguf
      synpo model info --json again.gguf
      """
    ).objects()
    for key in ["encodings", "bytes", "parameters", "tokenizer"] {
      let (original, copy) = (facts[0][key] as? NSObject, facts[1][key] as? NSObject)
      #expect(original != nil && original == copy, "\(key)")
    }
    for reference in try references("logprobs-q8_0.jsonl").prefix(3) {
      #expect(abs(try meanLoss(of: "again.synpo", on: reference.ids) - reference.meanNll) < 0.05)
    }
  }

  @Test func `a folder written for other programs is the same model`() throws {
    let made = try run(
      """
      synpo model export f.synpo folder --format safetensors --type f32 > report &&
      synpo model import folder again.synpo --encoding f32 >> report &&
      synpo model generate again.synpo --raw -p "" --n_predict 200 --temp 0
      """)
    #expect(made.code == 0, "\(made.complaint)")
    #expect(made.output == (try text("expected_greedy.txt")) + "\n")
    let refused = try run("synpo model export f.synpo o.gguf --type bf16")
    #expect(refused.code == 2 && refused.complaint.contains("q8_0, f16, f32"))
  }

  @Test func `an adapter that is merged speaks as one that is added`() throws {
    let made = try run(
      """
      synpo model import \(Shared.path("fixtures/llama")) b.synpo --encoding f32 > report
      synpo model merge b.synpo \(Shared.path("fixtures/llama/adapter")) m.synpo --encoding f32 > report
      say() { synpo model generate --raw -p "The river" -n 12 --temp 0 --json "$@"; }
      say b.synpo; say b.synpo --adapter \(Shared.path("fixtures/llama/adapter")); say m.synpo
      """)
    #expect(made.code == 0, "\(made.complaint)")
    try #require(made.lines.count == 3)
    #expect(made.lines[1] == made.lines[2])
    #expect(made.lines[0] != made.lines[1])
  }

  @Test func `a GGUF file is packed once, beside itself, and again when it changes`() throws {
    let line =
      #"cp \#(Self.stories)/stories260K-q8_0.gguf m.gguf; synpo model generate m.gguf --raw -p Lily -n 4"#
    #expect(try run(line).complaint.contains("importing m.gguf once"))
    let again = "synpo model generate m.gguf --raw -p Lily -n 4"
    #expect(try !run(again).complaint.contains("importing"))
    #expect(try run("touch -d '+1 hour' m.gguf; " + again).complaint.contains("importing"))
  }

  @Test func `a reader that has seen enough is no failure`() throws {
    let cut = try run(
      "{ synpo model generate f.synpo --raw -p Lily -n 300; echo $? > code; } | head -c 5")
    #expect(cut.output.count == 5)
    #expect(try String(contentsOfFile: folder.file("code"), encoding: .utf8) == "0\n")
    #expect(!cut.complaint.contains("error"))
  }
}
