import Foundation
import RecordLog
import TestSupport
import Testing

struct RLogSalvageTests {
  let folder: TemporaryFolder
  static let records = (0..<300).map { #"{"id":\#($0),"text":"\#(String($0 * 7919, radix: 2))"}"# }
  /// The chunks of `a.rlg`.
  let chunks: [ChunkHeader]

  /// A folder with `a.rlg`, and `b.rlg` with a wrong bit in the values of its fourth chunk.
  init() throws {
    folder = try TemporaryFolder()
    try (Self.records.joined(separator: "\n") + "\n").write(
      toFile: folder.file("in.jsonl"), atomically: false, encoding: .utf8)
    let made = try RLogTool.run("rlog import --chunk-bytes 2000 -o a.rlg in.jsonl", in: folder)
    try #require(made.code == 0, "\(made.complaint)")
    let reader = try RecordLogReader(path: folder.file("a.rlg"))
    var chunks: [ChunkHeader] = []
    while let header = try reader.nextHeader() { chunks.append(header) }
    self.chunks = chunks
    let place = Int(chunks[3].offset + chunks[3].length) - 30
    try damage("b.rlg") { $0[place] ^= 0x10 }
  }

  func run(_ line: String) throws -> RLogTool.Outcome { try RLogTool.run(line, in: folder) }

  func damage(_ name: String, _ change: (inout Data) -> Void) throws {
    var bytes = try Data(contentsOf: URL(filePath: folder.file("a.rlg")))
    change(&bytes)
    try bytes.write(to: URL(filePath: folder.file(name)))
  }

  /// All records but those of the fourth chunk.
  var rest: [String] {
    let lost = Int(chunks[3].firstSequence)..<Int(chunks[3].nextSequence)
    return Self.records.indices.filter { !lost.contains($0) }.map { Self.records[$0] }
  }

  @Test func `salvage prints what can be read, and exits with the code for damage`() throws {
    for line in ["rlog cat --salvage b.rlg", "cat b.rlg | rlog cat --salvage"] {
      let outcome = try run(line)
      #expect(outcome.lines == rest, "\(line)")
      #expect(outcome.code == 2, "\(line)")
      #expect(outcome.complaint.contains("payload, \(chunks[3].recordCount) records lost"))
    }
    #expect(try run("rlog cat --salvage a.rlg").code == 0)
    let from = try run("rlog cat --salvage --from-seq 250 --to-seq 260 b.rlg")
    #expect(from.lines == Array(Self.records[250..<260]))
  }

  @Test func `ls and verify walk on behind damage and name it`() throws {
    let listed = try run("rlog ls --salvage --json b.rlg").objects()
    #expect(listed.compactMap { $0["damage"] as? String } == ["payload"])
    #expect(listed.count == chunks.count)
    #expect(try run("rlog ls --salvage b.rlg").lines.count { $0.hasPrefix("!") } == 1)
    let verified = try run("rlog verify --salvage --json b.rlg")
    #expect(verified.code == 2)
    let verdict = try verified.objects()[0]
    #expect((verdict["regions"] as? [[String: Any]])?.count == 1)
    #expect(verdict["records"] as? Int == rest.count)
    #expect(try run("rlog verify --salvage a.rlg").code == 0)
  }

  @Test func `repair makes a whole log and says exactly what is missing`() throws {
    let before = try Data(contentsOf: URL(filePath: folder.file("b.rlg")))
    let outcome = try run("rlog repair b.rlg -o c.rlg --report")
    #expect(outcome.code == 2)
    let report = try outcome.objects()[0]
    let lost = [Int(chunks[3].firstSequence), Int(chunks[3].nextSequence)]
    #expect(report["lost"] as? [[Int]] == [lost])
    #expect(report["kept"] as? [[Int]] == [[0, lost[0]], [lost[1], 300]])
    #expect(try run("rlog verify --deep c.rlg").code == 0)
    #expect(try run("rlog cat c.rlg").lines == rest)
    #expect(try Data(contentsOf: URL(filePath: folder.file("b.rlg"))) == before)
    #expect(try run("rlog repair b.rlg -o c.rlg").code != 0, "c.rlg exists")
    #expect(
      try run("rlog repair b.rlg -o d.rlg --keep before; rlog cat d.rlg").lines
        == Array(Self.records[..<lost[0]]))
    #expect(
      try run("rlog repair b.rlg -o e.rlg --keep after; rlog cat e.rlg").lines
        == Array(Self.records[lost[1]...]))
  }

  @Test func `single wrong bits are turned back in header, table and values`() throws {
    let start = Int(chunks[3].offset)
    for (number, place) in [
      start + 50, start + 125, start + 130, start + Int(chunks[3].length) - 9,
    ]
    .enumerated() {
      for bit: UInt8 in [0, 5, 7] {
        let name = "bit-\(number)-\(bit)"
        try damage("\(name).rlg") { $0[place] ^= 1 << bit }
        let outcome = try run("rlog repair \(name).rlg -o \(name).fixed --fix-bits --report")
        #expect(outcome.code == 0, "\(outcome.complaint)")
        #expect(try outcome.objects()[0]["fixed_bits"] as? [[Int]] == [[place, Int(bit)]])
        #expect(try run("rlog cat \(name).fixed").lines == Self.records)
      }
    }
    try damage("two.rlg") {
      $0[start + Int(chunks[3].length) - 9] ^= 1
      $0[start + Int(chunks[3].length) - 40] ^= 1
    }
    #expect(try run("rlog repair two.rlg -o two.fixed --fix-bits").code == 2)
    #expect(try run("rlog cat two.fixed").lines == rest)
  }

  @Test func `explain shows structures and names damage`() throws {
    let start = chunks[3].offset
    for (offset, structure) in [
      (0, "prologue"), (start + 20, "data chunk header"), (start + 128, "data table"),
      (start + chunks[3].length - 1, "data values"), (200, "meta chunk header"),
      (260, "meta table"),
    ] {
      let outcome = try run("rlog explain --json a.rlg \(offset)")
      #expect(outcome.code == 0, "\(outcome.complaint)")
      #expect(try outcome.objects()[0]["structure"] as? String == structure)
    }
    let place = start + chunks[3].length - 30
    let flipped = try run("rlog explain b.rlg \(place)")
    #expect(flipped.code == 2)
    #expect(flipped.output.contains("one wrong bit: bit 4 of byte \(place)"))
    try damage("z.rlg") { $0.resetBytes(in: 2048..<2560) }
    #expect(try run("rlog explain z.rlg 2100").output.contains("a sector of zeros at 2048"))
    #expect(try run("rlog explain a.rlg 99999999").code == 1)
  }

  @Test func `records are got by number`() throws {
    let wanted = try run("rlog get a.rlg 250 3 299")
    #expect(wanted.lines == [250, 3, 299].map { Self.records[$0] })
    #expect(try run("cat a.rlg | rlog get - 3 250").lines == [3, 250].map { Self.records[$0] })
    #expect(try run("rlog get a.rlg 300").code == 1)
  }

  @Test func `a log without its seal is sealed, one without a good index gets a new one`() throws {
    let index = chunks[chunks.count - 2]
    try damage("open.rlg") { $0 = $0.prefix(Int(index.offset)) }
    #expect(try run("rlog tail -n 2 open.rlg").code == 3)
    #expect(try run("rlog seal open.rlg && rlog verify --deep open.rlg").code == 0)
    #expect(try run("rlog cat open.rlg").lines == Self.records)
    for place in [
      Int(index.offset) + 30, Int(index.offset) + 150, Int(chunks[chunks.count - 1].offset),
    ] {
      try damage("i.rlg") { $0[place] ^= 1 }
      let outcome = try run("rm -f j.rlg; rlog reindex i.rlg -o j.rlg && rlog verify --deep j.rlg")
      #expect(outcome.code == 0, "\(place): \(outcome.complaint)")
      #expect(try run("rlog cat j.rlg").lines == Self.records)
    }
    #expect(try run("rlog reindex b.rlg -o k.rlg").code == 2)
  }

  @Test func `tail gives the last records`() throws {
    #expect(try run("rlog tail -n 3 a.rlg").lines == Self.records.suffix(3))
    #expect(try run("cat a.rlg | rlog tail -n 3 -").lines == Self.records.suffix(3))
    #expect(try run("rlog tail -n 3 -f a.rlg").lines == Self.records.suffix(3))
    #expect(try run("rlog tail -n 3 --durable-only a.rlg").lines == Self.records.suffix(3))
  }

  @Test(arguments: ["", "--durable-only"])
  func `a follower prints what another process writes, until the seal`(option: String) throws {
    let outcome = try run(
      """
      (for i in 1 2 3 4 5 6; do sed -n "$((i * 50 - 49)),$((i * 50))p" in.jsonl; sleep 0.1; done) \
        | rlog import --chunk-bytes 700 -o live.rlg &
      while ! test -s live.rlg; do sleep 0.02; done
      rlog tail -n 1000 -f \(option) live.rlg
      """)
    #expect(outcome.code == 0, "\(outcome.complaint)")
    #expect(outcome.lines == Self.records)
  }
}
