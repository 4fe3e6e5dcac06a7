import Foundation
import RecordLog
import TestSupport
import Testing

/// The verbs that make logs of logs, against what jq, sort and Python make of the same lines.
struct RLogVerbTests {
  let folder: TemporaryFolder
  static let sources = ["x", "y", "zebra", "Ünı"]
  static let lines = (0..<3000).map { i in
    let score = i % 7 == 0 ? "null" : "\(Double((i * 7919) % 1000) / 1000)"
    let tail = i % 11 == 0 ? #","extra":{"list":[\#(i),{"deep":"v\#(i % 5)"}]}"# : ""
    return #"{"id":\#(i),"score":\#(score),"source":"\#(sources[(i * 31 / 7) % 4])","text":"#
      + #""\#(String(i * 104_729, radix: 3)) said \"\#(i % 40)\""\#(tail)}"#
  }

  init() throws {
    folder = try TemporaryFolder()
    try (Self.lines.joined(separator: "\n") + "\n").write(
      toFile: folder.file("in.jsonl"), atomically: false, encoding: .utf8)
    try good("rlog import --chunk-bytes 3000 -o a.rlg in.jsonl")
  }

  @discardableResult
  func good(_ line: String) throws -> RLogTool.Outcome {
    let outcome = try RLogTool.run(line, in: folder)
    try #require(outcome.code == 0, "\(line): \(outcome.complaint)")
    return outcome
  }

  @Test(arguments: [
    (#".score > 0.5 and .source == "x""#, #".score != null and .score > 0.5 and .source == "x""#),
    (#".score <= 0.25 or .id < 10"#, #"(.score != null and .score <= 0.25) or .id < 10"#),
    (#"not (.source == "Ünı") and .id >= 2900"#, #".source != "Ünı" and .id >= 2900"#),
    (#".extra.list[1].deep == "v3""#, #".extra.list[1]?.deep? == "v3""#),
    (#".score == null"#, ".score == null"),
    (
      #"contains(.text, "said \"7\"") and startsWith(.source, "z")"#,
      #"(.text | contains("said \"7\"")) and (.source | startswith("z"))"#
    ),
    (
      #"length(.source) == 3 and length(.extra.list) == 2"#,
      #"(.source | length) == 3 and .extra != null"#
    ),
    ("$seq >= 100 and $seq < 105", ".id >= 100 and .id < 105"),
  ])
  func `filter keeps the records that jq selects`(condition: String, query: String) throws {
    let want = try good(
      "jq -c '\(query)' in.jsonl | paste -d '|' - in.jsonl | sed -n 's/^true|//p'")
    #expect(!want.output.isEmpty)
    for input in ["a.rlg", "- < a.rlg"] {
      let got = try good("rlog filter --where '\(condition)' \(input) | rlog cat")
      #expect(got.output == want.output)
    }
  }

  @Test func `conditions without a meaning are told with their place`() throws {
    for (condition, words) in [
      (".a >", "a value expected at column 5"), (".a and", "a value expected"),
      (".a ) 3", "an operator or the end expected at column 4"),
      ("$x == 1", "$seq, $type or $bytes"),
      (#".source > 3"#, "record 0: a string > a number has no meaning"),
      (#".source"#, "record 0: a condition is true or false, not a string"),
      (#"length(.id) > 1"#, "record 0: length() does not take a number"),
    ] {
      let outcome = try RLogTool.run(
        "rlog filter --where '\(condition)' a.rlg -o f.rlg", in: folder)
      #expect(outcome.code == 1)
      #expect(outcome.complaint.contains(words), "\(outcome.complaint)")
      #expect(try good("ls").output.contains("f.rlg") == false)
    }
  }

  @Test func `a filter that is interrupted goes on with the input that came since`() throws {
    try good("head -n 1000 in.jsonl > 1.jsonl; tail -n +1001 in.jsonl > 2.jsonl")
    try good("rlog import --chunk-bytes 3000 -o s.rlg 1.jsonl")
    // Cut in front of the index: a log that its writer has not finished.
    let size = try #require(try good("rlog ls --json s.rlg").objects().last?["offset"] as? Int)
    let index = try #require(try good("rlog ls --json s.rlg").objects().dropLast().last)
    #expect(index["kind"] as? String == "index")
    try good("head -c \(index["offset"] as? Int ?? size) s.rlg > u.rlg")
    let filter = "rlog filter --append --where '.id >= 900 and .id < 1100' -o f.rlg --json u.rlg"
    let first = try RLogTool.run(filter, in: folder)
    #expect(first.code == 3)
    #expect(try first.objects()[0]["written"] as? Int == 100)
    try good("rlog import --append -o u.rlg 1.jsonl 2.jsonl")
    let second = try good(filter)
    #expect(try second.objects()[0]["written"] as? Int == 100)
    #expect(try second.objects()[0]["read"] as? Int == 2000)
    #expect(
      try good("rlog cat f.rlg").output == Self.lines[900..<1100].joined(separator: "\n") + "\n")
  }

  @Test(arguments: [
    (".id", ""), (".score", ""), (".source", ""), (".text", ""), (".id", " --reverse"),
    (".extra.list[0]", ""),
  ])
  func `sort orders as jq does, equal keys as they came`(key: String, option: String) throws {
    let turn = option.isEmpty ? "" : " | reverse"
    let path = key == ".extra.list[0]" ? ".extra.list[0]?" : key
    let want = try good("jq -sc 'sort_by(\(path))\(turn) | .[].id' in.jsonl")
    let got = try good("rlog sort --key '\(key)'\(option) a.rlg | rlog cat | jq .id")
    #expect(got.output == want.output)
  }

  @Test func `sorting in reverse keeps equal keys in order`() throws {
    let got = try good("rlog sort --key .source --reverse a.rlg | rlog cat | jq .id")
    let want = try good(
      "jq -r '[.source, .id] | @tsv' in.jsonl | LC_ALL=C sort -s -r -k1,1 | cut -f2")
    #expect(got.output == want.output)
  }

  @Test func `a shuffle is a permutation that its seed decides`() throws {
    let first = try good("rlog shuffle --seed 5 a.rlg | rlog cat").lines
    #expect(first != Self.lines && first.sorted() == Self.lines.sorted())
    #expect(try good("rlog shuffle --seed 5 - < a.rlg | rlog cat").lines == first)
    #expect(try good("rlog shuffle --seed 6 a.rlg | rlog cat").lines != first)
    // Where the first tenth goes: each tenth of the places gets about a tenth of it.
    let places = Self.lines[..<300].compactMap { first.firstIndex(of: $0) }
    for tenth in 0..<10 { #expect((10...60).contains(places.count { $0 / 300 == tenth })) }
  }

  @Test func `a sample has the size asked for, in order, every record as likely`() throws {
    for input in ["a.rlg", "- < a.rlg"] {
      var drawn: [String: Int] = [:]
      for seed in 0..<20 {
        let lines = try good("rlog sample -n 300 --seed \(seed) \(input) | rlog cat").lines
        #expect(lines.count == 300)
        let ids = lines.map { Int($0.dropFirst(6).prefix { $0.isNumber }) ?? -1 }
        #expect(ids == ids.sorted() && Set(lines).isSubset(of: Self.lines))
        for id in ids { drawn["\(id / 300)", default: 0] += 1 }
      }
      // 600 of each tenth are expected, with a standard deviation of 22.
      for tenth in 0..<10 { #expect((490...710).contains(drawn["\(tenth)"] ?? 0)) }
    }
    let share = try good("rlog sample -p 0.2 --seed 1 a.rlg | rlog count")
    #expect((500...700).contains(Int(share.lines[0]) ?? 0))
    #expect(try good("rlog sample -n 9999 a.rlg | rlog count").output == "3000\n")
  }

  @Test func `merge brings sorted logs together, and refuses others`() throws {
    for shard in 0..<3 {
      try good(
        "rlog cat a.rlg | awk 'NR % 3 == \(shard)' | rlog import"
          + " | rlog sort --key .score -o m\(shard).rlg")
    }
    let got = try good(
      "rlog merge --by key --key .score m0.rlg m1.rlg m2.rlg | rlog cat | jq -c .score")
    #expect(got.output == (try good("jq -sc 'sort_by(.score) | .[].score' in.jsonl").output))
    let wrong = try RLogTool.run("rlog merge --by key --key .id m0.rlg m1.rlg -o w.rlg", in: folder)
    #expect(wrong.code == 1 && wrong.complaint.contains("not in order"))
    let bySequence = try good("rlog merge m0.rlg m1.rlg | rlog cat | jq .id | head -n 4").lines
    let heads = try good("for f in m0 m1; do rlog head -n 2 $f.rlg | jq .id; done").lines
    #expect(bySequence == [heads[0], heads[2], heads[1], heads[3]])
  }

  @Test func `what is split comes together again`() throws {
    try good("rlog split --shards 4 -o s a.rlg")
    for shard in 0..<4 {
      let want = Self.lines.enumerated().filter { $0.offset % 4 == shard }.map(\.element)
      #expect(try good("rlog cat s-0000\(shard).rlg").lines == want)
    }
    try good("rlog split --bytes 50KiB -o b a.rlg")
    let whole = Self.lines.joined(separator: "\n") + "\n"
    #expect(try good("cat b-*.rlg | rlog cat").output == whole)
    #expect(try good("ls b-*.rlg").lines.count >= 5)
    #expect(try good("for f in b-*.rlg; do rlog verify --deep $f; done").code == 0)
    #expect(
      try good("rlog cat b-*.rlg | LC_ALL=C awk '{ n += length($0) + 1 } END { print n }'").output
        == "\(whole.utf8.count)\n")
    try good("rlog concat -o c.rlg b-*.rlg && rlog verify --deep c.rlg && rlog diff a.rlg c.rlg")
  }

  @Test func `diff tells what is missing, added and changed`() throws {
    try good("sed '3s/source/Source/' in.jsonl | head -n 2998 | rlog import -o b.rlg")
    let outcome = try RLogTool.run("rlog diff a.rlg b.rlg", in: folder)
    #expect(outcome.code == 8 && outcome.lines == ["! 2", "< 2998", "< 2999"])
    #expect(try RLogTool.run("rlog diff b.rlg - < a.rlg", in: folder).lines.last == "> 2999")
    let sums = try RLogTool.run("rlog diff --json a.rlg b.rlg", in: folder).objects().last
    #expect(sums?["same"] as? Int == 2997 && sums?["changed"] as? Int == 1)
    #expect(try good("rlog diff --json a.rlg a.rlg").objects().last?["same"] as? Int == 3000)
  }

  @Test func `dedup keeps the first of each value, as Python does`() throws {
    for (field, key) in [(".source", "source"), (".score", "score"), (".extra.list[1].deep", "")] {
      let value =
        key.isEmpty
        ? "r.get('extra',{}).get('list',[0,{}])[1].get('deep')" : "r['\(key)']"
      try """
      import json
      seen = set()
      for line in open('in.jsonl'):
          r = json.loads(line); v = \(value)
          if v is None or v not in seen: print(line, end='')
          seen.add(v)
      """.write(toFile: folder.file("d.py"), atomically: false, encoding: .utf8)
      let want = try good("python3 d.py").output
      #expect(try good("rlog dedup --field '\(field)' a.rlg | rlog cat").output == want)
      #expect(try good("rlog dedup --field '\(field)' - < a.rlg | rlog cat").output == want)
    }
  }

  @Test func `near duplicates go, and what is merely related stays`() throws {
    // Sixty texts of 60 words each; of every third one a copy with one word changed, of every
    // fourth one a text that shares its first half only.
    var lines: [String] = []
    var stays: [Bool] = []
    var random = SeededGenerator(seed: 3)
    for number in 0..<60 {
      var words = (0..<60).map { _ in "w\(Int.random(in: 0..<5000, using: &random))" }
      func add(_ isNew: Bool) {
        lines.append(#"{"n":\#(lines.count),"text":"\#(words.joined(separator: " "))"}"#)
        stays.append(isNew)
      }
      add(true)
      if number % 4 == 0 {
        let old = words
        for place in 30..<60 { words[place] = "v\(number)x\(place)" }
        add(true)
        words = old
      }
      guard number % 3 == 0 else { continue }
      words[0] = "Changed,"
      add(false)
    }
    try (lines.joined(separator: "\n") + "\n").write(
      toFile: folder.file("n.jsonl"), atomically: false, encoding: .utf8)
    try good("rlog import -o n.rlg n.jsonl")
    let got = try good("rlog dedup --near --threshold 0.8 --field .text n.rlg | rlog cat").lines
    #expect(got == zip(lines, stays).filter(\.1).map(\.0))
    let low = try good("rlog dedup --near --threshold 0.2 --field .text n.rlg | rlog cat").lines
    #expect(low.count == 60)
  }

  @Test func `stats are those that Python computes`() throws {
    let stats = try good("rlog stats --json a.rlg").objects()[0]
    let sizes = try #require(stats["sizes"] as? [String: Any])
    let lengths = Self.lines.map { $0.utf8.count + 1 }.sorted()
    #expect(sizes["records"] as? Int == 3000 && sizes["bytes"] as? Int == lengths.reduce(0, +))
    #expect(sizes["smallest"] as? Int == lengths.first && sizes["largest"] as? Int == lengths.last)
    for (key, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)] {
      let want = lengths[Int((share * 3000).rounded(.up)) - 1]
      #expect((want...want + want / 60).contains(sizes[key] as? Int ?? 0))
    }
    let histogram = try #require(stats["histogram"] as? [String: Int])
    #expect(histogram["64"] == lengths.count { (64..<128).contains($0) })
    #expect((2900...3000).contains(stats["distinct_estimate"] as? Int ?? 0))
    let twice = try good("cat in.jsonl in.jsonl | rlog import | rlog stats --json").objects()[0]
    #expect((2850...3150).contains(twice["duplicates_estimate"] as? Int ?? 0))
  }

  @Test func `a stream made of half an input says so at its end`() throws {
    try good("head -c 40000 a.rlg > half.rlg")
    let outcome = try RLogTool.run(
      "rlog sort --key .id half.rlg | rlog count; rlog sort --key .id half.rlg -o h.rlg", in: folder
    )
    #expect(outcome.code == 3)
    #expect(outcome.complaint.contains("gave up"))
  }
}
