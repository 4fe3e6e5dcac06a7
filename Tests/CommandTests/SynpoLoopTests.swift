import Foundation
import TestSupport
import Testing

/// The whole loop and its stages on a real model of 260,000 parameters.
@Suite(.enabled(if: Shared.isPresent))
struct SynpoLoopTests {
  /// One run for all tests here.
  private static let shared = Result { try InterruptedRun() }

  @Test func `Ctrl-C ends a run with 130 and says how to go on`() throws {
    let run = try Self.shared.get()
    #expect(run.interrupted.code == 130, "\(run.interrupted.complaint)")
    #expect(run.interrupted.complaint.contains("the same command goes on where this run was (r)"))
  }

  @Test func `the run goes on, and tells what it does and what came of it`() throws {
    let run = try Self.shared.get()
    #expect(run.resumed.code == 0, "\(run.resumed.complaint)")
    let report = try run.resumed.objects()[0]
    #expect((report["iterations"] as? [Any])?.count == 1)
    for words in [
      "going on in r", "18 seeds", "no seed on 1 line", "iteration 1", "train generator",
      "rewrites",
      "measured", "chosen",
    ] {
      #expect(run.resumed.complaint.contains(words), "\(words)")
    }
  }

  @Test func `a finished run is only told again`() throws {
    let again = try Self.shared.get().shell("synpo run run.yaml --output-dir r --quiet")
    #expect(again.code == 0)
    #expect(again.complaint.isEmpty)
    for words in ["iteration 1", "gold loss", "pairs.rlg", "r/report.json", "memory"] {
      #expect(again.output.contains(words), "\(words)")
    }
  }

  @Test func `stages run by hand make the records and the model of the run`() throws {
    let run = try Self.shared.get()
    let made = try run.shell(
      """
      with() { verb=$1; shift; synpo $verb --config run.yaml --output-dir r "$@"; }
      with keywords \(InterruptedRun.text) | with prompts --trained r/generator > prompts.rlg &&
      with respond --kind baseline prompts.rlg > baselines.rlg &&
      with respond prompts.rlg | with improve --trained r/iteration-1/improver |
        with pairs - baselines.rlg -o pairs.rlg &&
      with "train simpo" pairs.rlg --into policy && cmp policy/model.packed r/iteration-1/policy/model.packed
      """)
    #expect(made.code == 0, "\(made.complaint)")
    for log in ["prompts", "baselines", "pairs"] {
      let compared = try run.shell(
        "rlog cat \(log).rlg > hand; rlog cat r/iteration-1/\(log).rlg > whole; cmp hand whole")
      #expect(compared.code == 0, "\(log): \(compared.output)\(compared.complaint)")
    }
  }

  @Test func `questions are answered again, up to a stop, from a cache of codes`() throws {
    let run = try Self.shared.get()
    func answers(_ options: String) throws -> [String] {
      let outcome = try run.shell(
        """
        synpo respond r/iteration-1/prompts.rlg --config run.yaml --output-dir r --quiet \
          \(options) | rlog cat
        """)
      #expect(outcome.code == 0, "\(outcome.complaint)")
      return try outcome.objects().compactMap { $0["answer"] as? String }
    }
    let first = try answers("")
    #expect(try answers("--sample 0") == first)
    let second = try answers("--sample 1")
    #expect(second != first && second.count > first.count / 2)
    let stopped = try answers(#"--set 'generation.stop=[" a"]'"#)
    #expect(first.contains { $0.contains(" a") } && !stopped.isEmpty)
    #expect(stopped.allSatisfy { !$0.contains(" a") })
    #expect(try answers("--set cache=f32").count > first.count / 2)
    let small = try answers("--set cache=int8")
    let fewAtOnce = try answers("--set cache=int8 --set parallel_sequences=3")
    #expect(small.count > first.count / 2 && small == fewAtOnce)
  }

  @Test func `eval measures as the run does`() throws {
    let run = try Self.shared.get()
    let line = "synpo eval r/held-back.rlg --config run.yaml --output-dir r --json"
    let found = try run.shell(line + " --trained r/iteration-1/policy").objects()[0]
    let report =
      try JSONSerialization.jsonObject(
        with: Data(contentsOf: URL(filePath: run.folder.file("r/report.json")))) as? [String: Any]
    let iteration = (report?["iterations"] as? [[String: Any]])?.first
    let told = iteration?["validation"] as? [String: Any]
    for key in ["gold_loss", "mean_score", "mean_length"] {
      #expect(found[key] as? Double == told?[key] as? Double, "\(key)")
    }
  }

  @Test func `init explains every setting, and its words are settings`() throws {
    let folder = try TemporaryFolder()
    let made = try BuiltTools.run("synpo init", in: folder)
    for (line, above) in zip(made.lines.dropFirst(), made.lines) where !line.contains("# ") {
      #expect(above.contains("# "), "\(line) has no comment")
    }
    let read = try BuiltTools.run("synpo init > s.yaml; synpo run s.yaml --dry-run", in: folder)
    #expect(read.code == 0, "\(read.complaint)")
    #expect(read.output.contains("iterations: 2"))
    #expect(read.complaint.contains("gamma_beta_ratio 0.8"))
  }
}

/// A run on 24 seeds that was interrupted while its generator learnt, and then finished.
private struct InterruptedRun {
  let folder: TemporaryFolder
  let interrupted: BuiltTools.Outcome
  let resumed: BuiltTools.Outcome

  static let text = Shared.path("data/tinystories-sample/tinystories.txt")

  init() throws {
    folder = try TemporaryFolder()
    try Self.seeds.write(toFile: folder.file("seeds.jsonl"), atomically: true, encoding: .utf8)
    try Self.settings.write(toFile: folder.file("run.yaml"), atomically: true, encoding: .utf8)
    interrupted = try BuiltTools.run(
      """
      \(BuiltTools.path(of: "synpo")) run run.yaml --output_dir r & run=$!
      for i in $(seq 600); do [ -e r/generator ] && break; sleep 0.05; done
      sleep 0.2; kill -INT $run; wait $run
      """, in: folder)
    resumed = try BuiltTools.run("synpo run run.yaml --output_dir r --json", in: folder)
  }

  func shell(_ line: String) throws -> BuiltTools.Outcome { try BuiltTools.run(line, in: folder) }

  /// Beginnings of stories and how they go on, and a line that is no seed.
  private static var seeds: String {
    var lines = "broken\n"
    for animal in ["cat", "dog", "bird", "frog", "bear", "fish"] {
      for place in ["the park", "the garden", "the big tree", "the house"] {
        lines += #"{"prompt": "Tell a story of a \#(animal) in \#(place).", "#
        lines += #""completion": "Once upon a time, there was a little \#(animal). "#
        lines += #"It liked to play in \#(place)."}"# + "\n"
      }
    }
    return lines
  }

  private static var settings: String {
    """
    model: \(Shared.path("data/stories260k/stories260K-f32.gguf"))
    chat_template: plain
    templates: brief
    seeds: [seeds.jsonl]
    keyword_sources: [\(text)]
    iterations: 1
    prompts_per_iteration: 12
    pairs_per_iteration: 12
    context_size: 256
    generation: {max_tokens: 96}
    parallel_sequences: 8
    scorer: {threshold: 0}
    generator: \(learning(rate: "2e-3", epochs: 30))
    improver: \(learning(rate: "2e-3", epochs: 3))
    policy: {learning: \(learning(rate: "1e-4", epochs: 1))}

    """
  }

  private static func learning(rate: String, epochs: Int) -> String {
    "{method: full, learning_rate: \(rate), batch_size: 6, save_steps: 5, max_length: 256, "
      + "num_train_epochs: \(epochs)}"
  }
}
