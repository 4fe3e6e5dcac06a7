import Bytes
import Foundation
import RecordLog
import TestSupport
import Testing

/// `rlog` on a folder of segments.
struct RLogFolderTests {
  let folder: TemporaryFolder
  let records = (0..<900).map {
    #"{"id":\#($0),"text":"\#(String(repeating: "x", count: $0 % 40))"}"#
  }

  init() throws {
    folder = try TemporaryFolder()
    for (name, isFinished) in [("whole", true), ("open", false)] {
      var options = RecordLogOptions()
      options.chunk = ByteCount(1000)
      options.segmentSize = ByteCount(4000)
      let writer = try SegmentedLogWriter(folder.file(name), options: options)
      for record in records { try writer.append(record) }
      if isFinished { try writer.finish() } else { try writer.commit() }
    }
  }

  func run(_ line: String) throws -> RLogTool.Outcome { try RLogTool.run(line, in: folder) }

  @Test func `every reading verb takes a folder for one log`() throws {
    #expect(try run("rlog count whole").output == "900\n")
    #expect(try run("rlog cat whole").lines == records)
    #expect(
      try run("rlog cat --from-seq 500 --to-seq 510 whole").lines == Array(records[500..<510]))
    #expect(try run("rlog head -n 3 whole").lines == Array(records[..<3]))
    #expect(try run("rlog export whole").lines == records)
    for depth in ["", "--quick", "--deep"] {
      let outcome = try run("rlog verify \(depth) whole")
      #expect(outcome.code == 0)
      #expect(outcome.output.contains("sealed, 900 records"))
    }
    let info = try run("rlog info --json whole").objects()[0]
    #expect(info["records"] as? Int == 900)
    #expect((info["segments"] as? Int ?? 0) > 3)
    let chunks = try run("rlog ls --json whole").objects()
    #expect(chunks.compactMap { $0["records"] as? Int }.reduce(0, +) == 900)
    #expect(chunks.filter { $0["kind"] as? String == "seal" }.count == info["segments"] as? Int)
  }

  @Test func `info tells of the barriers in all segments, sealed or not`() throws {
    for (name, isFinished) in [("whole", true), ("open", false)] {
      var options = RecordLogOptions()
      options.chunk = ByteCount(1000)
      options.segmentSize = ByteCount(4000)
      let log = folder.file("barriers-" + name)
      let writer = try SegmentedLogWriter(log, options: options)
      for (number, record) in records.enumerated() {
        try writer.append(record)
        // None in the last segments.
        if number % 100 == 99, number < 600 { try writer.barrier(UInt64(2 * number)) }
      }
      if isFinished { try writer.finish() } else { try writer.commit() }
      let info = try run("rlog info --json \(log)").objects()[0]
      #expect((info["segments"] as? Int ?? 0) > 3)
      #expect(info["barriers"] as? Int == 6, "\(name)")
      #expect(info["last_barrier"] as? Int == 1198)
      #expect(info["last_barrier_sequence"] as? Int == 600)
      let text = try run("rlog info \(log)").output
      #expect(text.contains("barriers     6, the last is 1198, before record 600"))
    }
    #expect(try !run("rlog info whole").output.contains("barriers"))
  }

  @Test func `a folder without an end has exit code 3, one with a hole 2`() throws {
    for verb in ["info", "ls", "cat", "count", "verify", "export"] {
      #expect(try run("rlog \(verb) open").code == 3, "\(verb)")
    }
    #expect(try run("rlog cat open").lines == records)
    #expect(try run("rlog count open").output == "900\n")
    #expect(try run("rm $(ls -d whole/seg-* | sed -n 2p); rlog cat whole").code == 2)
    #expect(try run("rlog verify whole").complaint.contains("segment 1 of the log is missing"))
  }
}
