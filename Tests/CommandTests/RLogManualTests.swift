import Foundation
import TestSupport
import Testing

/// The manual page, made from the program's own help and the sections beside it.
struct RLogManualTests {
  let folder: TemporaryFolder
  let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
  let page: String

  init() throws {
    folder = try TemporaryFolder()
    let made = try RLogTool.run(
      "python3 \(root)/tools/man-page \(RLogTool.path) \(root)/docs/man/rlog.roff", in: folder)
    try #require(made.code == 0, "\(made.complaint)")
    page = made.output
    try page.write(toFile: folder.file("rlog.1"), atomically: false, encoding: .utf8)
  }

  func run(_ line: String) throws -> RLogTool.Outcome { try RLogTool.run(line, in: folder) }

  @Test func `every verb is in it, and what only it says`() throws {
    let help = try run("rlog --help | sed -n 's/^  \\([a-z-]*\\)  .*/\\1/p'")
    let verbs = help.lines.filter { $0 != "help" && !$0.hasPrefix("-") }
    #expect(verbs.count > 25)
    for verb in verbs { #expect(page.contains(".SS rlog \(verb)\n"), "\(verb)") }
    #expect(page.contains(#"cat seg\-*.rlg | lz4 \-dc > everything.jsonl"#))
    for code in 0...8 { #expect(page.contains("\n\(code)\t"), "\(code)") }
  }

  @Test func `formatters find nothing wrong with it`() throws {
    for check in ["man --warnings -l rlog.1 > /dev/null", "mandoc -T lint -W error rlog.1"] {
      let program = check.prefix { $0 != " " }
      guard try run("command -v \(program)").code == 0 else { continue }
      let outcome = try run("LC_ALL=C.UTF-8 \(check)")
      #expect(outcome.complaint.isEmpty, "\(check): \(outcome.complaint)")
      #expect(outcome.code == 0)
    }
  }

  @Test func `the keys that verbs print are the keys that it names`() throws {
    let section = try #require(page.components(separatedBy: "KEYS OF").last)
    let words = Set(section.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init))
    _ = try run("seq 1 500 | sed 's/.*/{\"id\":&}/' | rlog import --chunk-bytes 200 -o a.rlg")
    for line in [
      "info", "ls", "ls --records", "cat", "head", "tail", "get a.rlg 3 #", "count",
      "count --by type", "verify --salvage", "stats", "schema", "cursor", "meta", "diff a.rlg",
      "explain a.rlg 300 #", "filter --where .id==3 -o f.rlg", "dedup --field .id -o d.rlg",
      "split --shards 2 -o s", "cp a.rlg c.rlg #", "rechunk -o r.rlg", "sort --key .id -o k.rlg",
      "reindex -o i.rlg", "repair -o p.rlg", "merge -o m.rlg",
    ] {
      let (verb, rest) = (line.prefix { $0 != " " }, line.drop { $0 != " " })
      let ends = rest.hasSuffix("#")
      let outcome = try run(
        "rlog \(verb) --json \(ends ? rest.dropLast() : rest) \(ends ? "" : "a.rlg")")
      #expect(outcome.code == 0, "\(line): \(outcome.complaint)")
      for object in try outcome.objects() {
        for key in object.keys { #expect(words.contains(key), "\(line): \(key)") }
      }
    }
  }

  @Test func `completions are there for three shells`() throws {
    for shell in ["bash", "zsh", "fish"] {
      let script = try run("rlog --generate-completion-script \(shell)")
      #expect(script.code == 0 && script.output.contains("rechunk"), "\(shell)")
    }
    _ = try run("rlog --generate-completion-script bash > c.bash")
    #expect(try run("bash -n c.bash").code == 0)
  }
}
