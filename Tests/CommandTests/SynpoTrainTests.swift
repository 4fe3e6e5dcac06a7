import Foundation
import TestSupport
import Testing

/// The verbs of `synpo train` on the built-in model.
struct SynpoTrainTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    let seeds = (1...6).map { #"{"prompt": "Add \#($0) and 2.", "completion": "\#($0 + 2)"}"# }
    try seeds.joined(separator: "\n").write(
      toFile: folder.file("seeds.jsonl"), atomically: true, encoding: .utf8)
    _ = try BuiltTools.run("synpo seeds seeds.jsonl -o seeds.rlg", in: folder)
  }

  static let settings =
    "--set generator.batch_size=3 --set generator.num_train_epochs=1 --set generator.save_steps=1"

  @Test func `the mask shows a prompt that is not scored, and an answer that is to its end token`()
    throws
  {
    let shown = try BuiltTools.run("synpo train sft seeds.rlg --show-mask 1", in: folder)
    #expect(shown.code == 0, "\(shown.complaint)")
    #expect(shown.lines[0].hasPrefix("example 0: prompt "))
    let tokens = shown.lines.dropFirst()
    #expect(tokens.count { $0.contains("example") } == 0)
    for line in tokens {
      let isAnswer = line.contains("  answer")
      #expect(line.contains(" scored ") == isAnswer, "\(line)")
    }
    #expect(try #require(tokens.last).hasSuffix(#""<|end|>""#))
    #expect(tokens.contains { $0.contains("<|assistant|>") && $0.contains("  prompt") })
  }

  @Test func `each step leaves a line of numbers beside the result`() throws {
    let done = try BuiltTools.run(
      "synpo train sft seeds.rlg --into out \(Self.settings) && cat out/metrics.jsonl", in: folder)
    #expect(done.code == 0, "\(done.complaint)")
    let steps = try done.objects()
    #expect(steps.compactMap { $0["step"] as? Int } == [1, 2])
    for key in ["loss", "grad_norm", "learning_rate", "epoch", "answer_length", "logps/end"] {
      #expect(steps.allSatisfy { $0[key] is Double || $0[key] is Int }, "\(key)")
    }
    for step in steps {
      #expect(try #require(step["input_tokens"] as? Int) > #require(step["tokens"] as? Int))
    }
  }

  @Test func `a disk that is full while a checkpoint is saved ends the training with its name`()
    throws
  {
    // A file may grow to 1000 blocks here; the checkpoint of a whole model is larger.
    let full = try BuiltTools.run(
      "(ulimit -f 1000; trap '' XFSZ; synpo train sft seeds.rlg --into out \(Self.settings))",
      in: folder)
    #expect(full.code == 1)
    #expect(full.complaint.contains("out/checkpoint-1.state"), "\(full.complaint)")
    #expect(full.complaint.contains("cannot save"), "\(full.complaint)")
    let again = try BuiltTools.run(
      "synpo train sft seeds.rlg --into out \(Self.settings); ls out", in: folder)
    #expect(again.code == 0, "\(again.complaint)")
    #expect(again.lines.contains("model.packed"))
  }

  @Test(.enabled(if: Shared.isPresent), arguments: ["int8", "float"])
  func `bench tells tokens, time and memory of a step`(forward: String) throws {
    let done = try BuiltTools.run(
      """
      synpo model import \(Shared.path("fixtures/llama")) m.packed >/dev/null &&
      synpo train bench m.packed --pairs 3 --prompt-tokens 6 --answer-tokens 5 --lora-r 2 \\
        --steps 2 --threads 1 --forward \(forward) --activations 1KiB --json
      """, in: folder)
    #expect(done.code == 0, "\(done.complaint)")
    let found = try #require(try done.objects().last)
    // A prompt counts once for each of its two answers.
    #expect(found["tokens"] as? Int == 3 * 2 * (6 + 5))
    let losses = try #require(found["losses"] as? [Double])
    #expect(losses.count == 2 && losses[1] < losses[0])
    for key in ["seconds", "processor_seconds", "tokens_per_second", "peak_own_bytes"] {
      #expect((found[key] as? Double ?? 0) > 0, "\(key)")
    }
  }

  @Test func `a margin above beta is refused unless it is forced`() throws {
    let refused = try BuiltTools.run(
      "synpo train simpo seeds.rlg --show-mask 1 --set policy.gamma=3", in: folder)
    #expect(refused.code == 2)
    #expect(refused.complaint.contains("policy.force_margin: true"), "\(refused.complaint)")
  }

  @Test func `dropout of an adapter's inputs is a setting and a flag, and changes what is learnt`()
    throws
  {
    let lora = "--set generator.method=lora \(Self.settings)"
    let done = try BuiltTools.run(
      """
      synpo train sft seeds.rlg --into plain \(lora) -q &&
      synpo train sft seeds.rlg --into flag \(lora) --lora-dropout 0.5 -q &&
      synpo train sft seeds.rlg --into set \(lora) --set generator.lora_dropout=0.5 -q &&
      cmp flag/adapter_model.safetensors set/adapter_model.safetensors &&
      ! cmp -s flag/adapter_model.safetensors plain/adapter_model.safetensors
      """, in: folder)
    #expect(done.code == 0, "\(done.complaint)")
    let refused = try BuiltTools.run(
      "synpo train sft seeds.rlg --into out --lora-dropout 1", in: folder)
    #expect(refused.code == 2)
    #expect(refused.complaint.contains("generator.lora_dropout"), "\(refused.complaint)")
  }

  @Test func `an adapter is gone on from, whichever of two forms it has`() throws {
    let lora = "--set generator.method=lora \(Self.settings) -q"
    let done = try BuiltTools.run(
      """
      synpo train sft seeds.rlg --into first \(lora) &&
      synpo model adapter embedded first first.gguf &&
      synpo train sft seeds.rlg --into peft --adapter first \(lora) &&
      synpo train sft seeds.rlg --into gguf --adapter first.gguf \(lora) &&
      cmp peft/adapter_model.safetensors gguf/adapter_model.safetensors &&
      ! cmp -s first/adapter_model.safetensors peft/adapter_model.safetensors &&
      head -qn1 first/metrics.jsonl peft/metrics.jsonl | jq .loss
      """, in: folder)
    #expect(done.code == 0, "\(done.complaint)")
    let losses = done.output.split(separator: "\n").suffix(2).compactMap { Double($0) }
    #expect(losses.count == 2 && losses[1] < losses[0], "\(done.output)")
    let refused = try BuiltTools.run(
      "synpo train sft seeds.rlg --into out --adapter first", in: folder)
    #expect(refused.code != 0 && refused.complaint.contains("lora"), "\(refused.complaint)")
  }
}
