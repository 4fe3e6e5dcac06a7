import Foundation
import RecordLog
import TestSupport
import Testing

struct RLogTests {
  let folder: TemporaryFolder
  static let records = (0..<500).map { #"{"id":\#($0),"text":"\#(String($0 * 7919, radix: 2))"}"# }

  /// A folder with `in.jsonl` and `a.rlg` made of it.
  init() throws {
    folder = try TemporaryFolder()
    try text(Self.records).write(
      toFile: folder.file("in.jsonl"), atomically: false, encoding: .utf8)
    let made = try RLogTool.run("rlog import --chunk-bytes 2000 -o a.rlg in.jsonl", in: folder)
    try #require(made.code == 0, "\(made.complaint)")
  }

  func text(_ lines: [String]) -> String { lines.map { $0 + "\n" }.joined() }

  func run(_ line: String) throws -> RLogTool.Outcome { try RLogTool.run(line, in: folder) }

  func damage(_ name: String, _ change: (inout Data) -> Void) throws {
    var bytes = try Data(contentsOf: URL(filePath: folder.file("a.rlg")))
    change(&bytes)
    try bytes.write(to: URL(filePath: folder.file(name)))
  }

  @Test func `what is imported comes out, from a file, a pipe and an export`() throws {
    for line in [
      "rlog cat a.rlg", "rlog cat < a.rlg", "cat a.rlg | rlog cat -", "cat a.rlg | rlog cat",
      "rlog export a.rlg", "rlog export -o out.jsonl a.rlg && cat out.jsonl",
      "cat in.jsonl | rlog import | rlog cat", "rlog import - < in.jsonl | rlog export",
    ] {
      let outcome = try run(line)
      #expect(outcome.code == 0, "\(line): \(outcome.complaint)")
      #expect(outcome.output == text(Self.records), "\(line)")
    }
  }

  @Test func `records can be chosen by number, type and count`() throws {
    let slice = text(Array(Self.records[100..<120]))
    #expect(try run("rlog cat --from-seq 100 --to-seq 120 a.rlg").output == slice)
    #expect(try run("cat a.rlg | rlog cat --from-seq 100 --to-seq 120").output == slice)
    #expect(try run("rlog cat --from-seq 100 --limit 20 a.rlg").output == slice)
    #expect(try run("rlog head -n 3 a.rlg").output == text(Array(Self.records[..<3])))
    #expect(try run("rlog cat --type other a.rlg").output == "")
    #expect(try run("rlog cat --type json a.rlg").output == text(Self.records))
    let wrapped = try run("rlog cat --json --from-seq 7 --limit 1 a.rlg").objects()[0]
    #expect(wrapped["seq"] as? Int == 7)
    #expect(wrapped["type"] as? String == "json")
    #expect((wrapped["record"] as? [String: Any])?["id"] as? Int == 7)
  }

  @Test func `a log is counted and described`() throws {
    #expect(try run("rlog count a.rlg").output == "500\n")
    #expect(try run("cat a.rlg | rlog count").output == "500\n")
    let info = try run("rlog info --json a.rlg").objects()[0]
    #expect(info["state"] as? String == "sealed")
    #expect(info["records"] as? Int == 500)
    #expect((info["fingerprint"] as? String)?.count == 64)
    let piped = try run("cat a.rlg | rlog info --json -").objects()[0]
    #expect(piped["fingerprint"] as? String == info["fingerprint"] as? String)
    let chunks = try run("rlog ls --json a.rlg").objects()
    #expect(chunks.compactMap { $0["records"] as? Int }.reduce(0, +) == 500)
    #expect(chunks.first?["kind"] as? String == "meta")
    #expect(chunks.last?["kind"] as? String == "seal")
    #expect(try run("rlog ls --records a.rlg").lines.count == 501)
  }

  @Test func `good logs verify, from files and pipes, at every depth`() throws {
    for line in [
      "rlog verify a.rlg", "rlog verify --quick a.rlg", "rlog verify --deep a.rlg",
      "cat a.rlg | rlog verify --deep -", "rlog verify a.rlg a.rlg",
    ] {
      let outcome = try run(line)
      #expect(outcome.code == 0, "\(line): \(outcome.complaint)")
      #expect(outcome.output.contains("sealed, 500 records"), "\(line)")
    }
  }

  @Test func `damage has exit code 2 and is placed`() throws {
    try damage("bad.rlg") { $0[$0.count / 2] ^= 1 }
    let verified = try run("rlog verify --json bad.rlg")
    #expect(verified.code == 2)
    let verdict = try verified.objects()[0]
    #expect(verdict["state"] as? String == "damaged")
    #expect(verdict["offset"] is Int)
    #expect(verdict["sequence"] is Int)
    let printed = try run("rlog cat bad.rlg")
    #expect(printed.code == 2)
    #expect(!printed.lines.isEmpty && printed.lines == Array(Self.records[..<printed.lines.count]))
    #expect(printed.complaint.contains("bad.rlg, byte"))
    let both = try run("rlog verify bad.rlg a.rlg")
    #expect(both.code == 2)
    #expect(both.output.contains("a.rlg: sealed"))
    try damage("prologue.rlg") { $0[60] ^= 1 }
    #expect(try run("rlog info prologue.rlg").code == 2)
    #expect(try run("rlog info in.jsonl").code == 2)
  }

  @Test func `a damaged index keeps no record back`() throws {
    let index = try #require(
      try run("rlog ls --json a.rlg").objects().first { $0["kind"] as? String == "index" })
    let place = try #require(index["offset"] as? Int)
    try damage("index.rlg") { $0[place + 130] ^= 1 }
    #expect(try run("rlog verify index.rlg").code == 2)
    let printed = try run("rlog cat index.rlg")
    #expect(printed.output == text(Self.records))
    #expect(printed.complaint.contains("index not used"))
    #expect(try run("rlog cat --from-seq 499 index.rlg").output == Self.records[499] + "\n")
  }

  @Test func `a log without an end has exit code 3`() throws {
    try damage("torn.rlg") { $0.removeLast($0.count / 2 + 1) }
    for verb in ["info", "ls", "cat", "count", "verify", "export"] {
      #expect(try run("rlog \(verb) torn.rlg").code == 3, "\(verb)")
    }
    #expect(try run("head -c 3000 a.rlg | rlog cat").code == 3)
    let printed = try run("rlog cat torn.rlg")
    #expect(printed.lines == Array(Self.records[..<printed.lines.count]))
  }

  @Test func `the other exit codes`() throws {
    let writer = try RecordLogWriter(creating: folder.file("aborted.rlg"))
    try writer.append("1")
    try writer.abort("no more prompts")
    let aborted = try run("rlog cat aborted.rlg")
    #expect(aborted.code == 4)
    #expect(aborted.output == "1\n")
    #expect(aborted.complaint.contains("no more prompts"))
    #expect(try run("rlog cat nothing.rlg").code == 5)
    #expect(try run("rlog frobnicate").code == 1)
    #expect(try run("rlog verify --quick --deep a.rlg").code == 1)
    #expect(try run("rlog --help").code == 0)
    #expect(try run("rlog cat a.rlg > /dev/full").code == 5)
    #expect(try run("rlog import -o a.rlg in.jsonl").code == 5)
  }

  @Test func `a reader that leaves early is no trouble`() throws {
    let outcome = try run("rlog cat a.rlg a.rlg a.rlg a.rlg | head -n 1")
    #expect(outcome.output == Self.records[0] + "\n")
    #expect(outcome.complaint == "")
  }

  @Test func `lines that are not JSON are counted and set aside`() throws {
    let lines = ["1", "{\"a\":", "", "two", "{\"b\":2}", "[1,]", "\"\u{FFFD}\""]
    try text(lines).write(toFile: folder.file("bad.jsonl"), atomically: false, encoding: .utf8)
    let outcome = try run("rlog import --json -o b.rlg bad.jsonl")
    #expect(outcome.code == 0, "\(outcome.complaint)")
    let tally = try outcome.objects()[0]
    #expect(tally["lines"] as? Int == 7)
    #expect(tally["records"] as? Int == 3)
    #expect(tally["blank"] as? Int == 1)
    #expect(tally["quarantined"] as? Int == 3)
    #expect(try run("rlog cat b.rlg").lines == ["1", "{\"b\":2}", "\"\u{FFFD}\""])
    let aside = try run("cat b.rlg.quarantine.jsonl").objects()
    #expect(aside.map { $0["line"] as? Int } == [2, 4, 6])
    #expect(aside.allSatisfy { ($0["reason"] as? String)?.isEmpty == false })
    #expect(aside.map { $0["text"] as? String } == ["{\"a\":", "two", "[1,]"])
    #expect(try run("rlog import --strict -o c.rlg bad.jsonl").code == 2)
    #expect(!FileManager.default.fileExists(atPath: folder.file("c.rlg")))
  }

  @Test func `a line over the limit is set aside, and takes no more memory than the limit`() throws
  {
    let made = try run(
      """
      (echo 1; head -c 3000000 /dev/zero | tr '\\0' 7; echo; echo 2) \
        | rlog import --largest-record 1MiB -o long.rlg
      """)
    #expect(made.code == 0, "\(made.complaint)")
    #expect(try run("rlog cat long.rlg").output == "1\n2\n")
    #expect(try run("cat long.rlg.quarantine.jsonl").objects()[0]["line"] as? Int == 2)
  }
}
