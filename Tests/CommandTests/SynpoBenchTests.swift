import TestSupport
import Testing

struct SynpoBenchTests {
  @Test func `model bench tells what it chose and what a model reaches`() throws {
    let folder = try TemporaryFolder()
    let line =
      "synpo model bench embedded --skip-kernels --rounds 2 --prefill 20 --decode 1 3 "
      + "--prompt-tokens 9 --tokens 5"
    let found = try #require(BuiltTools.run(line + " --json", in: folder).objects().first)
    let machine = try #require(found["machine"] as? [String: Any])
    #expect((machine["threads"] as? Int ?? 0) > 0)
    #expect(machine["kernels"] is String && machine["float_products"] is String)
    let model = try #require(found["model"] as? [String: Any])
    let figures = try #require(model["figures"] as? [[String: Any]])
    #expect(figures.compactMap { $0["name"] as? String } == ["prefill 20", "decode 1", "decode 3"])
    for figure in figures {
      #expect((figure["rounds"] as? [Double])?.count == 2)
      #expect((figure["median"] as? Double ?? 0) > 0)
    }
    let loading = try #require(model["loading"] as? [String: Any])
    #expect((loading["rounds"] as? [Double])?.count == 2 && (loading["median"] as? Double ?? 0) > 0)
    // The embedded model has 2 MB of weights, which are mapped; the limit is what is promised of any.
    let own = try #require(loading["own_bytes"] as? Int)
    #expect(own > 1 << 20 && own < 64 << 20)
    let text = try BuiltTools.run(line, in: folder).output
    #expect(text.contains("decode 3") && text.contains("tokens/s"))
    #expect(text.contains("load to first token"))
  }

  @Test func `model bench refuses numbers that make no sense`() throws {
    let folder = try TemporaryFolder()
    for option in ["--rounds 0", "--tokens 0", "--prefill -1", "--cache f8"] {
      #expect(try BuiltTools.run("synpo model bench \(option)", in: folder).code == 2)
    }
  }
}
