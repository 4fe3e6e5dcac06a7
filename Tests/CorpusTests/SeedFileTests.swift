import Bytes
import Foundation
import TestSupport
import Testing

@testable import Corpus

struct `Seed file` {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func read(
    _ text: some Sequence<UInt8>, limit: ByteCount = .mebibytes(1)
  ) throws -> (seeds: [Seed], refused: [QuarantinedRecord]) {
    let path = folder.file("seeds.jsonl")
    try Data(text).write(to: URL(filePath: path))
    return try all(of: path, limit: limit)
  }

  private func all(
    of path: String, limit: ByteCount = .mebibytes(1)
  ) throws -> (seeds: [Seed], refused: [QuarantinedRecord]) {
    var file = try SeedFile(path: path, limit: limit)
    var seeds: [Seed] = []
    var refused: [QuarantinedRecord] = []
    while let entry = try file.next() {
      switch entry {
      case .seed(let seed): seeds.append(seed)
      case .quarantined(let record): refused.append(record)
      }
    }
    return (seeds, refused)
  }

  @Test(arguments: [
    #"{"prompt":"p","completion":"a"}"#,
    #"{"prompt":[{"role":"user","content":"p"}],"completion":[{"role":"assistant","content":"a"}]}"#,
    #"{"messages":[{"role":"user","content":"p"},{"role":"assistant","content":"a"}]}"#,
    #"{"messages":[{"role":"user","content":[{"type":"text","text":"p"}]},{"role":"assistant","content":"a"}]}"#,
    #"{"conversations":[{"from":"human","value":"p"},{"from":"gpt","value":"a"}]}"#,
    #"{"instruction":"p","input":"","output":"a"}"#,
    #"{"instruction":"p","response":"a","score":[1]}"#,
    #"{"question":"p","answer":"a"}"#,
    #"{"id":"x","prompt":"p","completion":"a","history":[]}"#,
  ])
  func `reads the forms that are in use`(line: String) throws {
    let (seeds, refused) = try read(line.utf8)
    #expect(seeds.map(\.prompt) == ["p"] && seeds.map(\.answer) == ["a"])
    #expect(seeds[0].history.isEmpty && seeds[0].rejected == nil && refused.isEmpty)
  }

  @Test(arguments: [
    #"{"prompt":"p","chosen":"a","rejected":"b"}"#,
    #"{"prompt":"p","chosen":[{"role":"assistant","content":"a"}],"rejected":[{"role":"assistant","content":"b"}]}"#,
    #"{"prompt":"p","chosen":[{"role":"user","content":"p"},{"role":"assistant","content":"a"}],"rejected":[{"role":"user","content":"p"},{"role":"assistant","content":"b"}]}"#,
  ])
  func `takes the chosen answer as the good one and keeps the rejected`(line: String) throws {
    let seed = try #require(try read(line.utf8).seeds.first)
    #expect(seed.prompt == "p" && seed.answer == "a" && seed.rejected == "b")
    #expect(seed.history.isEmpty)
  }

  @Test func `keeps the system message and earlier turns`() throws {
    let line =
      #"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"1"},"#
      + #"{"role":"assistant","content":"2"},{"role":"user","content":"3"},"#
      + #"{"role":"assistant","content":"4"}]}"#
    let seed = try #require(try read(line.utf8).seeds.first)
    #expect(seed.history == [Message(.system, "s"), Message(.user, "1"), Message(.assistant, "2")])
    #expect(seed.prompt == "3" && seed.answer == "4")
  }

  @Test func `joins instruction and input, and knows system and history of alpaca`() throws {
    let line = #"{"system":"s","history":[["1","2"]],"instruction":"i","input":"x","output":"a"}"#
    let seed = try #require(try read(line.utf8).seeds.first)
    #expect(seed.prompt == "i\n\nx")
    #expect(seed.history == [Message(.system, "s"), Message(.user, "1"), Message(.assistant, "2")])
  }

  @Test func `reads back what a seed writes`() throws {
    let seed = Seed(
      prompt: "p", history: [Message(.user, "1"), Message(.assistant, "2")], answer: "a",
      rejected: "b", source: folder.file("seeds.jsonl"))
    #expect(try read(seed.line()).seeds == [seed])
  }

  @Test func `tolerates a byte order mark, carriage returns and blank lines`() throws {
    let line = #"{"question":"p","answer":"a"}"#
    let (seeds, refused) = try read("\u{FEFF}\(line)\r\n\r\n \n\(line)\r\n\(line)".utf8)
    #expect(seeds.count == 3 && refused.isEmpty)
  }

  @Test func `sets bad lines aside with their place and goes on`() throws {
    let good = #"{"question":"p","answer":"a"}"#
    let bad = [
      "{\"question\":", "[]", "3", "{}", #"{"prompt":3,"completion":"a"}"#,
      #"{"question":" ","answer":"a"}"#, #"{"question":"p","answer":""}"#,
      #"{"messages":[{"role":"user","content":"p"}]}"#,
      #"{"messages":[{"role":"assistant","content":"p"}]}"#,
      #"{"messages":[{"role":"wizard","content":"p"},{"role":"assistant","content":"a"}]}"#,
      String(repeating: "[", count: 100_000), "null", "\u{0}\u{0}",
    ]
    let text = ([good] + bad + [good]).joined(separator: "\n")
    let (seeds, refused) = try read(text.utf8)
    #expect(seeds.count == 2)
    #expect(refused.map(\.line) == (2..<bad.count + 2).map { $0 })
    #expect(refused[0].offset == good.utf8.count + 1 && refused[0].text == bad[0])
    #expect(refused.allSatisfy { $0.file?.hasSuffix("seeds.jsonl") == true && $0.detail != nil })
    #expect(refused[4].detail == "the column 'prompt' has another type than expected")
    #expect(refused[9].detail?.contains("wizard") == true)
  }

  @Test func `sets bytes that are no text aside`() throws {
    let line = [UInt8](#"{"question":"p","answer":"a"}"#.utf8)
    let broken = [UInt8](#"{"question":"p","answer":""#.utf8) + [0xFF, 0xFE] + [UInt8]("\"}".utf8)
    let (seeds, refused) = try read(line + [10] + broken + [10])
    #expect(seeds.count == 1 && refused.count == 1)
  }

  @Test func `sets a line aside that is longer than the limit`() throws {
    let good = #"{"question":"p","answer":"a"}"#
    let long = #"{"question":"p","answer":"\#(String(repeating: "a", count: 1_000))"}"#
    let (seeds, refused) = try read("\(long)\n\(good)\n\(long)".utf8, limit: ByteCount(64))
    #expect(seeds.count == 1)
    #expect(refused.map(\.line) == [1, 3])
    #expect(refused.map(\.offset) == [0, long.utf8.count + good.utf8.count + 2])
    #expect(refused.allSatisfy { $0.reason == "line too long" })
  }

  @Test(arguments: ["", "\n\n", "nonsense\n"])
  func `without a single seed is an error that says what is needed`(text: String) throws {
    let error = #expect(throws: CorpusError.self) { try read(text.utf8) }
    guard case .noSeeds(let path, _, let reason) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(path.hasSuffix("seeds.jsonl"))
    #expect(reason == (text.hasPrefix("n") ? "line 1: not valid JSON" : nil))
    #expect(error?.description.contains("'prompt' and 'completion'") == true)
  }

  @Test func `that is missing is named`() {
    let error = #expect(throws: CorpusError.self) { try all(of: folder.file("none")) }
    #expect(error?.description.contains("none") == true)
  }

  @Test(.enabled(if: Shared.isPresent))
  func `of another project is read whole`() throws {
    let (seeds, refused) = try all(of: Shared.path("data/gsm8k-train/train.jsonl"))
    #expect(seeds.count == 7_473 && refused.isEmpty)
    #expect(Set(seeds.map(\.id)).count == 7_473)
  }
}
