import Bytes
import Foundation
import RecordLog
import TestSupport
import Testing

/// Verbs that copy, select and describe, and the forms in which records come out.
struct RLogSelectionTests {
  let folder: TemporaryFolder
  static let lines = (0..<2000).map { #"{"id":\#($0),"text":"\#(String($0 * 7919, radix: 2))"}"# }

  init() throws {
    folder = try TemporaryFolder()
    try (Self.lines.joined(separator: "\n") + "\n").write(
      toFile: folder.file("in.jsonl"), atomically: false, encoding: .utf8)
    try good("rlog import --chunk-bytes 2000 --type prompt -o a.rlg in.jsonl")
  }

  @discardableResult
  func good(_ line: String) throws -> RLogTool.Outcome {
    let outcome = try RLogTool.run(line, in: folder)
    try #require(outcome.code == 0, "\(line): \(outcome.complaint)")
    return outcome
  }

  @Test func `cat selects by number, type, time, condition and limit`() throws {
    let half = Array(Self.lines[300..<310])
    #expect(try good("rlog cat --from-seq 300 --to-seq 310 a.rlg").lines == half)
    #expect(try good("rlog cat --where '.id >= 300 and .id < 310' a.rlg").lines == half)
    #expect(try good("rlog cat --type prompt a.rlg | wc -l").lines == ["2000"])
    #expect(try good("rlog cat --type other a.rlg").output.isEmpty)
    #expect(try good("rlog cat --time 2020-01-01.. --limit 3 a.rlg").lines.count == 3)
    #expect(try good("rlog cat --time ..2020-01-01 a.rlg").output.isEmpty)
    #expect(try RLogTool.run("rlog cat --where '.id >' a.rlg", in: folder).code == 1)
    #expect(try RLogTool.run("rlog cat --time soon a.rlg", in: folder).code == 1)
  }

  @Test func `records come out with their length in front, or a zero behind`() throws {
    let program = """
      import struct, sys
      data = sys.stdin.buffer.read()
      while data:
          size = struct.unpack("<I", data[:4])[0]
          sys.stdout.buffer.write(data[4:4 + size])
          data = data[4 + size:]
      """
    try program.write(toFile: folder.file("unpack.py"), atomically: false, encoding: .utf8)
    #expect(try good("rlog cat --len32 a.rlg | python3 unpack.py").lines == Self.lines)
    #expect(try good("rlog cat -0 a.rlg | tr -d '\\000'").lines == Self.lines)
    #expect(try RLogTool.run("rlog cat -0 --raw a.rlg", in: folder).code == 1)
  }

  @Test func `a log comes out as a log, whole chunks as they are`() throws {
    try good("rlog cat --log a.rlg > b.rlg && rlog cat --log < b.rlg > c.rlg")
    let keys = "[.records, .raw, .type]"
    let chunks = "rlog ls --json %.rlg | jq -c 'select(.kind == \"data\") | \(keys)'"
    let (a, c) = (
      try good(chunks.replacingOccurrences(of: "%", with: "a")).lines,
      try good(chunks.replacingOccurrences(of: "%", with: "c")).lines
    )
    #expect(a == c && a.count > 10)
    try good("rlog verify --deep c.rlg && rlog diff a.rlg c.rlg")
    let part = try good("rlog cat --log --from-seq 77 --to-seq 1501 a.rlg | rlog cat")
    #expect(part.lines == Array(Self.lines[77..<1501]))
    let filtered = try good("rlog filter --from-seq 77 --to-seq 1501 a.rlg | rlog cat")
    #expect(filtered.lines == part.lines)
  }

  @Test func `logs are merged by number without unpacking what does not interleave`() throws {
    try good("rlog filter --to-seq 1000 a.rlg -o low.rlg")
    try good("rlog split --bytes 60000 -o part a.rlg")
    try good("rlog merge part-*.rlg -o m.rlg && rlog diff a.rlg m.rlg")
    let interleaved = try good("rlog merge low.rlg low.rlg | rlog cat")
    #expect(interleaved.lines == Self.lines[..<1000].flatMap { [$0, $0] })
    try good("rlog merge --by time a.rlg low.rlg | rlog verify --deep -")
    #expect(try RLogTool.run("rlog merge --by time --key .id a.rlg", in: folder).code == 1)
  }

  @Test func `counts are told by type, segment and hour`() throws {
    #expect(try good("rlog count --by type a.rlg").lines == ["2000\tprompt"])
    #expect(try good("rlog count --by segment a.rlg").lines == ["2000\t0"])
    let hours = try good("rlog count --by hour --json a.rlg").objects()
    #expect(hours.compactMap { $0["records"] as? Int }.reduce(0, +) == 2000)
    #expect((hours.first?["key"] as? String)?.hasSuffix(":00:00Z") == true)
  }

  @Test func `description, types and cursor are told and copied`() throws {
    try good("rlog meta --set owner=me --set 'limits={\"a\":[1]}' -o b.rlg a.rlg")
    let meta = try good("rlog meta b.rlg | jq -c .user").lines
    #expect(meta == [#"{"limits":{"a":[1]},"owner":"me"}"#])
    try good("rlog diff a.rlg b.rlg")
    try good("rlog meta --remove owner -o c.rlg b.rlg")
    #expect(try good("rlog meta c.rlg | jq -c '.user | keys'").lines == [#"["limits"]"#])
    let schema = try good("rlog schema --json a.rlg").objects()[0]
    #expect(schema["name"] as? String == "prompt" && schema["records"] as? Int == 2000)
    let cursor = try good("rlog cursor --json a.rlg").objects()[0]
    #expect(cursor["cursor"] as? Int == 2000 && cursor["next_sequence"] as? Int == 2000)
    #expect(try good("rlog cursor b.rlg").lines == ["2000"])
  }

  @Test func `a log is packed anew`() throws {
    let made = try good("rlog rechunk --json -o b.rlg a.rlg").objects()[0]
    #expect(made["records"] as? Int == 2000)
    try good("rlog diff a.rlg b.rlg && rlog verify --deep b.rlg")
    let chunks = try good("rlog info --json a.rlg b.rlg").objects().map {
      $0["data_chunks"] as? Int ?? 0
    }
    #expect(chunks[1] == 1 && chunks[0] > 10)
  }

  @Test func `cp of a log that is being written ends at the durable offset`() throws {
    try good("rlog cp a.rlg b.rlg && cmp a.rlg b.rlg")
    #expect(try RLogTool.run("rlog cp a.rlg b.rlg", in: folder).code == 5)
    var options = RecordLogOptions()
    options.chunk = .init(500)
    options.sync = .everyCommit
    let writer = try RecordLogWriter(creating: folder.file("live.rlg"), options: options)
    for line in Self.lines[..<200] { try writer.append(line) }
    try writer.commit()
    for line in Self.lines[200..<400] { try writer.append(line) }
    try writer.flush()
    let copied = try good("rlog cp --json live.rlg copy.rlg").objects()[0]
    #expect(copied["records"] as? Int == 200 && copied["sealed"] as? Bool == false)
    let read = try RLogTool.run("rlog cat copy.rlg", in: folder)
    #expect(read.lines == Array(Self.lines[..<200]) && read.code == 3)
    try good("rlog cp --undurable live.rlg all.rlg")
    #expect(try RLogTool.run("rlog cat all.rlg", in: folder).lines == Array(Self.lines[..<400]))
  }
}

/// Folders that are damaged, followed, or copied, on the command line.
struct RLogDamagedFolderTests {
  let folder: TemporaryFolder
  let records = (0..<900).map { #"{"id":\#($0)}"# }

  init() throws {
    folder = try TemporaryFolder()
    let writer = try SegmentedLogWriter(folder.file("log"), options: options)
    for (number, record) in records.enumerated() {
      try writer.append(record)
      if number % 10 == 9 { try writer.commit() }
    }
    try writer.finish()
  }

  var options: RecordLogOptions {
    var options = RecordLogOptions()
    options.chunk = .init(300)
    options.segmentSize = .init(30_000)
    return options
  }

  func run(_ line: String) throws -> RLogTool.Outcome { try RLogTool.run(line, in: folder) }

  @Test func `salvage of a folder tells each file and what is lost there`() throws {
    let names = try run("ls log | grep seg").lines
    let lost = try run("rlog count log/\(names[1])").lines.first.flatMap { Int($0) } ?? 0
    _ = try run("rm log/\(names[1])")
    let outcome = try run("rlog cat --salvage log")
    #expect(outcome.code == 2 && outcome.lines.count == 900 - lost)
    #expect(outcome.complaint.contains("missing_segment, \(lost) records lost"))
    let verdict = try run("rlog verify --salvage --json log").objects()[0]
    let regions = verdict["regions"] as? [[String: Any]] ?? []
    #expect(regions.first?["lost_records"] as? Int == lost)
    #expect(regions.first?["file"] as? String == names[2])
    let repaired = try run("rlog repair --json log -o whole.rlg")
    #expect(repaired.code == 2)
    #expect(try run("rlog verify --deep whole.rlg").code == 0)
    #expect(try run("rlog cat whole.rlg").output == outcome.output)
  }

  @Test func `a segment that was set aside is shown, and keeps plain reading away`() throws {
    do {
      let writer = try SegmentedLogWriter(folder.file("log"), options: options)
      for number in 0..<60 {
        try writer.append("{}")
        if number % 10 == 9 { try writer.commit() }
      }
    }
    let open = try run("ls log/*.open").lines[0]
    let damage = "printf X | dd of=\(open) bs=1 seek=4500 conv=notrunc status=none"
    #expect(try run(damage).code == 0)
    do {
      let writer = try SegmentedLogWriter(folder.file("log"), options: options)
      #expect(writer.recovered?.setAside != nil)
      try writer.append("{}")
      try writer.finish()
    }
    for verb in ["cat", "verify", "info", "count"] {
      let outcome = try run("rlog \(verb) log")
      #expect(outcome.code == 2, "\(verb)")
      #expect(outcome.complaint.contains("was damaged and set aside, records"), "\(verb)")
    }
    let info = try run("rlog info --salvage --json log").objects()[0]
    let aside = try #require((info["set_aside"] as? [[String: Any]])?.first)
    #expect((aside["file"] as? String)?.hasSuffix(".rlg.damaged") == true)
    #expect(try run("rlog info --salvage log").output.contains("set aside"))
    #expect(try run("rlog cp log copy && diff -r -x LOCK -x debris -x cursors log copy").code == 0)
  }

  @Test func `tail goes through all segments of a folder and ends with the seal of the last`()
    throws
  {
    let tailed = try run("rlog tail -f -n 100000 log")
    #expect(tailed.lines == records && tailed.code == 0)
    #expect(try run("rlog tail -n 3 log").lines == Array(records.suffix(3)))
    let stays = try run("timeout 2 \(RLogTool.path) tail -f --stay -n 1 log")
    #expect(stays.lines == [records[899]] && stays.code == 124)
  }
}
