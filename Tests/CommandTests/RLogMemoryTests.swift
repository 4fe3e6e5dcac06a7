import Foundation
import TestSupport
import Testing

/// Verbs under a limit on private memory that the system enforces: `ulimit -d` counts every private
/// page that can be written, touched or not.
struct RLogMemoryTests {
  @Test func `150 MiB of records pass through every verb in 128 MiB`() throws {
    let folder = try TemporaryFolder()
    try """
    import random
    r = random.Random(1)
    words = ["w%d" % i for i in range(3000)]
    for i in range(150_000):
        text = " ".join(r.choices(words, k=200 if i % 2 else 160))
        print('{"id":%d,"key":%.9f,"text":"%s"}' % (i, r.random(), text))
    """.write(toFile: folder.file("make.py"), atomically: false, encoding: .utf8)
    let made = try RLogTool.run("python3 make.py | rlog import -o a.rlg", in: folder)
    try #require(made.code == 0, "\(made.complaint)")
    for verb in [
      "sort --key .key", "shuffle --seed 1", "dedup --field .text", "sample -n 1000",
      "filter --where '.key < 0.5'", "concat", "merge a.rlg",
    ] {
      let line =
        "ulimit -d 131072; rlog \(verb) --json -o out.rlg a.rlg && rlog stats out.rlg > s && rm out.rlg"
      let outcome = try RLogTool.run(line, in: folder)
      #expect(outcome.code == 0, "\(verb): \(outcome.complaint)")
    }
    let near = try RLogTool.run(
      "rlog sample -n 10000 a.rlg -o b.rlg; ulimit -d 131072; "
        + "rlog dedup --near --field .text b.rlg -o out.rlg; rlog split --shards 16 -o s a.rlg",
      in: folder)
    #expect(near.code == 0, "\(near.complaint)")
    // The limit is one: the same without spilling does not fit.
    let tight = try RLogTool.run("ulimit -d 20000; rlog sort --key .key a.rlg -o t.rlg", in: folder)
    #expect(tight.code != 0)
  }
}
