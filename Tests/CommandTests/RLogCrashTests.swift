import Foundation
import RecordLog
import TestSupport
import Testing

/// Writers that are killed or run out of room, as real processes.
struct RLogCrashTests {
  let folder: TemporaryFolder
  let records = (0..<200_000).map {
    #"{"id":\#($0),"text":"\#(UInt64($0) &* 0x9E37_79B9_7F4A_7C15)"}"#
  }

  init() throws {
    folder = try TemporaryFolder()
    let text = records.map { $0 + "\n" }.joined()
    try text.write(toFile: folder.file("in.jsonl"), atomically: false, encoding: .utf8)
  }

  func read(_ name: String) throws -> [String] {
    let reader = try RecordLogReader(path: folder.file(name), options: .init(mode: .tailTolerant))
    var found: [String] = []
    while let record = try reader.next() {
      found.append(String(decoding: record.bytes.dropLast(), as: UTF8.self))
    }
    return found
  }

  @Test func `an import that is killed goes on where it stopped`() throws {
    // The input never ends by itself, so that every kill hits a living writer.
    let killed = try RLogTool.run(
      """
      mkfifo pipe
      \(RLogTool.path) import --chunk-bytes 3000 -o a.rlg pipe & writer=$!
      (head -n 70000 in.jsonl; sleep 20) > pipe & feeder=$!
      for i in $(seq 200); do [ "$(stat -c %s a.rlg 2>&1)" -gt 100000 ] 2>&- && break; sleep 0.05; done
      kill -9 $writer; kill $feeder; wait $writer
      """, in: folder)
    #expect(killed.code == 137)
    let survived = try read("a.rlg")
    #expect(!survived.isEmpty)
    #expect(survived == Array(records[..<survived.count]))
    let resumed = try RLogTool.run(
      "rlog import --json --append --chunk-bytes 3000 -o a.rlg in.jsonl", in: folder)
    #expect(resumed.code == 0, "\(resumed.complaint)")
    #expect(try resumed.objects()[0]["skipped"] as? Int == survived.count)
    #expect(try read("a.rlg") == records)
    #expect(try RLogTool.run("rlog verify --deep a.rlg", in: folder).code == 0)
  }

  @Test func `a full disk leaves whole chunks, and a later import goes on`() throws {
    // A limit on the file's size fails writes as a full disk does.
    let full = try RLogTool.run(
      "trap '' XFSZ; ulimit -f 2000; rlog import --chunk-bytes 3000 -o a.rlg in.jsonl", in: folder)
    #expect(full.code == 5)
    #expect(full.complaint.contains("a.rlg"))
    let survived = try read("a.rlg")
    #expect(!survived.isEmpty && survived.count < records.count)
    #expect(survived == Array(records[..<survived.count]))
    #expect(try RLogTool.run("rlog verify a.rlg", in: folder).output.contains("unsealed"))
    let resumed = try RLogTool.run("rlog import --append -o a.rlg in.jsonl", in: folder)
    #expect(resumed.code == 0, "\(resumed.complaint)")
    #expect(try read("a.rlg") == records)
    #expect(
      try !FileManager.default.contentsOfDirectory(atPath: folder.path).contains {
        $0.contains("debris")
      })
  }
}
