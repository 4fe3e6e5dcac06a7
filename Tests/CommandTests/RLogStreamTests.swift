import Foundation
import TestSupport
import Testing

/// What `rlog` does with streams that are alive, and with barriers.
struct RLogStreamTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func run(_ line: String) throws -> RLogTool.Outcome {
    try RLogTool.run(line, in: folder)
  }

  /// `seq 1 10` with a barrier behind every third record, as `a.rlg`.
  private func made() throws {
    let outcome = try run("seq 1 10 | rlog import --barrier-every 3 -o a.rlg")
    try #require(outcome.code == 0, "\(outcome.complaint)")
  }

  /// Records as numbers, barriers as their own, marked.
  private func items(_ log: String) throws -> String {
    let outcome = try run(
      "rlog cat --envelope \(log) | jq -r 'if .barrier then \"|\\(.barrier)\" else .record end'")
    #expect(outcome.code == 0, "\(outcome.complaint)")
    return outcome.lines.joined(separator: " ")
  }

  @Test func `a line that comes alone is through the pipe before the next one`() throws {
    let outcome = try run(
      """
      { echo 1; sleep 1.5; echo 2; } | rlog import -o - |
        rlog filter --where '. > 0' - -o - | rlog cat - |
        while read line; do date +%s%N; done
      """)
    #expect(outcome.code == 0, "\(outcome.complaint)")
    let times = outcome.lines.compactMap(Int.init)
    try #require(times.count == 2)
    #expect(times[1] - times[0] > 700_000_000)
  }

  @Test func `a producer that hangs is told from one that is silent`() throws {
    let silent = try run(
      "{ echo 1; sleep 2.5; echo 2; } | rlog import -o - | rlog cat --patience 1.6 -")
    #expect(silent.code == 0 && silent.lines == ["1", "2"], "\(silent.complaint)")
    let hung = try run(
      "{ echo 1 | rlog import -o - | head -c 700; sleep 3; } | rlog cat --patience 0.4 -")
    #expect(hung.code == 3, "\(hung.complaint)")
    #expect(hung.complaint.contains("nothing came for 0.4 s"))
  }

  @Test func `words in silence go to pipes and never to files`() throws {
    let outcome = try run(
      """
      { echo 1; sleep 2.3; echo 2; } | rlog import -o - > file.rlg
      { echo 1; sleep 2.3; echo 2; } | rlog import -o - | cat > pipe.rlg
      for log in file pipe; do rlog ls --json $log.rlg | jq -c .kind | sort | uniq -c | tr -s ' '; done
      rlog cat file.rlg pipe.rlg | tr '\\n' ' '
      """)
    #expect(outcome.code == 0, "\(outcome.complaint)")
    #expect(
      outcome.lines == [
        #" 1 "data""#, #" 1 "index""#, #" 1 "meta""#, #" 1 "seal""#,
        #" 2 "data""#, #" 1 "index""#, #" 2 "mark""#, #" 1 "meta""#, #" 1 "seal""#, "1 2 1 2 ",
      ])
  }

  @Test func `barriers show in ls, info, cat and explain`() throws {
    try made()
    #expect(try items("a.rlg") == "1 2 3 |1 4 5 6 |2 7 8 9 |3 10")
    let listed = try run("rlog ls --json a.rlg | jq -c 'select(.barrier) | [.barrier, .seq]'")
    #expect(listed.lines == ["[1,3]", "[2,6]", "[3,9]"])
    #expect(try run("rlog ls a.rlg").output.contains("barrier 2"))
    for source in ["rlog info --json a.rlg", "cat a.rlg | rlog info --json -"] {
      let told = try run("\(source) | jq '.barriers, .last_barrier, .last_barrier_sequence'")
      #expect(told.lines == ["3", "3", "9"])
    }
    let info = try run("rlog info a.rlg").output
    #expect(info.contains("barriers     3, the last is 3, before record 9"))
    let explained = try run(
      """
      at=$(rlog ls --json a.rlg | jq 'select(.barrier == 2).offset')
      rlog explain a.rlg $((at + 10)); rlog explain a.rlg $((at + 130))
      """)
    #expect(explained.output.contains("barrier chunk header"), "\(explained.complaint)")
    #expect(explained.output.contains("02 00 00 00 00 00 00 00\t2"))
    #expect(try run("rlog cat a.rlg").lines.count == 10)
    #expect(try run("rlog verify a.rlg").code == 0)
  }

  @Test func `stages that pass chunks on pass barriers on`() throws {
    try made()
    let outcome = try run(
      """
      rlog cat --log a.rlg > cat.rlg
      rlog filter --where '. != 5' -o filter.rlg a.rlg
      rlog filter --where '. != 5' --append -o append.rlg a.rlg
      rlog concat -o concat.rlg a.rlg
      rlog rechunk -o rechunk.rlg a.rlg
      rlog meta --set a=b -o meta.rlg a.rlg
      rlog sample -p 1 -o sample.rlg a.rlg
      rlog dedup --field . -o dedup.rlg a.rlg
      rlog split --shards 2 -o shard a.rlg
      cat a.rlg | rlog filter --type json -o - - > piped.rlg
      """)
    #expect(outcome.code == 0, "\(outcome.complaint)")
    let all = "1 2 3 |1 4 5 6 |2 7 8 9 |3 10"
    for log in ["cat", "concat", "rechunk", "meta", "sample", "dedup", "piped"] {
      #expect(try items("\(log).rlg") == all, "\(log)")
    }
    for log in ["filter", "append"] {
      #expect(try items("\(log).rlg") == all.replacing("5 ", with: ""), "\(log)")
    }
    #expect(try items("shard-00000.rlg") == "1 3 |1 5 |2 7 9 |3")
    #expect(try items("shard-00001.rlg") == "2 |1 4 6 |2 8 |3 10")
  }

  @Test func `a merge waits at a barrier until all logs have come to it`() throws {
    let outcome = try run(
      """
      printf '1\\n4\\n9\\n10\\n' | rlog import --barrier-every 2 -o a.rlg
      printf '5\\n6\\n7\\n' | rlog import --barrier-every 2 -o b.rlg
      printf '0\\n2\\n3\\n8\\n' | rlog import --barrier-every 2 -o c.rlg
      rlog merge --key . -o ac.rlg a.rlg c.rlg
      """)
    #expect(outcome.code == 0, "\(outcome.complaint)")
    #expect(try items("ac.rlg") == "0 1 2 4 |1 3 8 9 10 |2")
    let unaligned = try run("rlog merge --key . -o ab.rlg a.rlg b.rlg; echo $?; ls ab.rlg*")
    #expect(unaligned.lines == ["1"], "\(unaligned.output)")
    #expect(unaligned.complaint.contains("b.rlg: has no barrier 2, which a.rlg has"))
    let without = try run("rlog merge --key . --without-barriers -o ab.rlg a.rlg b.rlg")
    #expect(without.code == 0, "\(without.complaint)")
    #expect(try items("ab.rlg") == "1 4 5 6 7 9 10")
  }

  @Test(arguments: [1, 2, 3, 5, 6])
  func `an import that was cut goes on to the same barriers`(kept: Int) throws {
    try made()
    let outcome = try run(
      """
      end=$(rlog ls --json a.rlg | jq 'select(.kind != "index" and .kind != "seal") |
        .offset + .stored' | sed -n \(kept)p)
      head -c $end a.rlg > cut.rlg
      seq 1 10 | rlog import --barrier-every 3 --append -o cut.rlg
      """)
    #expect(outcome.code == 0, "\(outcome.complaint)")
    #expect(try items("cut.rlg") == "1 2 3 |1 4 5 6 |2 7 8 9 |3 10")
  }

  @Test(arguments: ["every", "interval", "interval=5", "bytes", "bytes=4KiB", "none"])
  func `a folder gets the records under every policy`(policy: String) throws {
    let made = try run(
      "seq 5000 | rlog import --sync \(policy) --json -o log/ --barrier-every 1000")
    #expect(made.code == 0, "\(made.complaint)")
    let tally = try #require(try made.objects().first)
    #expect(tally["appended"] as? Int == 5000 && tally["durable"] as? Int == 5000)
    let whole = try run("seq 5000 > want; rlog cat log | cmp - want && rlog verify log")
    #expect(whole.code == 0, "\(whole.output)\(whole.complaint)")
    #expect(
      try run("rlog ls --json log | jq -c 'select(.barrier).seq' | tr '\\n' ' '").output
        == "1000 2000 3000 4000 5000 ")
  }

  @Test func `an import to a folder goes on where it stopped, and takes no other log's place`()
    throws
  {
    let first = try run(
      "seq 1 100 | rlog import -o log/ && seq 1 250 | rlog import --append -o log/")
    #expect(first.code == 0, "\(first.complaint)")
    #expect(first.complaint.contains("150 records from 250 lines, 100 taken before"))
    #expect(try run("rlog cat log").lines == (1...250).map(String.init))
    let again = try run("seq 1 3 | rlog import -o log/")
    #expect(again.code == 5, "\(again.complaint)")
    #expect(try run("rlog count log").lines == ["250"])
  }

  @Test func `what cannot be a policy is refused`() throws {
    for policy in ["sometimes", "interval=0", "bytes=none", "every=3"] {
      #expect(try run("seq 3 | rlog import --sync \(policy) -o log/").code == 1)
    }
    #expect(try run("seq 3 | rlog import --sync every -o - | cat > /dev/null; true").code == 0)
    #expect(try run("seq 3 | rlog import --barrier-every 0 -o a.rlg").code == 1)
  }
}
