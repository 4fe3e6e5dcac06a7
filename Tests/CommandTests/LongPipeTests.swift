import Foundation
import TestSupport
import Testing

/// Row 12 of the plan, with the real programs: pipes whose ends are slow, or go away.
struct LongPipeTests {
  /// `ulimit -d` counts every private page that can be written, touched or not.
  @Test func `a stream through a slow consumer takes no more than 64 MiB in any stage`() throws {
    let start = ContinuousClock.now
    let isFull = ProcessInfo.processInfo.environment["SYNPO_TEST_VOLUME"] == "full"
    let mebibytes = isFull ? 1024 : 128
    let folder = try TemporaryFolder()
    let outcome = try RLogTool.run(
      """
      line='{"id":1234567,"text":"'$(head -c 700 /dev/urandom | base64 -w 0)'"}'
      ulimit -d 65536
      yes "$line" | head -n $((\(mebibytes) * 1048576 / (${#line} + 1))) | rlog import -o - |
        rlog filter --where '.id > 0' -o - - | rlog cat - |
        { n=0; while k=$(dd bs=4M count=1 iflag=fullblock status=none | wc -c) && [ $k -gt 0 ]; do
            n=$((n + k)); sleep 0.002; done; echo $n; }
      echo $((\(mebibytes) * 1048576 / (${#line} + 1) * (${#line} + 1)))
      """, in: folder)
    #expect(outcome.code == 0, "\(outcome.complaint)")
    #expect(outcome.lines.count == 2 && outcome.lines.first == outcome.lines.last)
    let seconds = (ContinuousClock.now - start).components.seconds
    print(
      "row 12: \(mebibytes) MiB through three stages and a slow consumer, each in 64 MiB of private "
        + "memory (\(seconds) s)")
  }

  /// The source does not end by itself, so that only a consumer can have ended the import.
  @Test func `a consumer that goes away ends its producers quietly`() throws {
    let folder = try TemporaryFolder()
    for consumer in ["true", "head -c 1000", "rlog head -n 2 -", "rlog cat - | head -n 1"] {
      let outcome = try RLogTool.run(
        """
        { timeout 100 yes '{"id":1}' 2>/dev/null | rlog import -o -; echo $? > code; } | \(consumer) > out 2> told
        grep -v '^head: ' told >&2 || true
        cat code
        """, in: folder)
      #expect(outcome.complaint.isEmpty, "\(consumer): \(outcome.complaint)")
      #expect(["0", "141"].contains(outcome.lines.first), "\(consumer): \(outcome.lines)")
    }
  }
}
