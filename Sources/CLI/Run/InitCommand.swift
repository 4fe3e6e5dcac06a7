import ArgumentParser
import SynPO

struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Prints all settings with their defaults, explained.",
    discussion: "synpo init > my.yaml, change it, then: synpo run my.yaml")

  @Flag(help: "The settings of the run on what is built in.") var embedded = false

  func run() throws {
    let yaml = try SettingsFile.yaml(embedded ? .embedded : RunSettings())
    try Results.write(SettingComments.annotate(yaml))
  }
}

/// What each setting means, in a line.
enum SettingComments {
  /// The lines of `yaml`, each with its comment above it.
  static func annotate(_ yaml: String) -> String {
    var path: [String] = []
    return yaml.split(separator: "\n").map { line in
      let indent = line.prefix { $0 == " " }
      guard let colon = line.firstIndex(of: ":"), !line.dropFirst(indent.count).hasPrefix("-")
      else { return "\(line)\n" }
      path = Array(path.prefix(indent.count / 2)) + [String(line[indent.endIndex..<colon])]
      let comment = comment(on: path).map { "\(indent)# \($0)\n" } ?? ""
      return comment + line[...colon] + plain(line[line.index(after: colon)...]) + "\n"
    }.joined()
  }

  /// A value as people write it: `0.7` for `7e-1`.
  private static func plain(_ value: Substring) -> String {
    let number = value.contains("e-") ? Double(value.drop { $0 == " " }) : nil
    return number.map { " \($0)" } ?? String(value)
  }

  /// Trainings share their settings' names.
  static func comment(on path: [String]) -> String? {
    let key = path.joined(separator: ".")
    let isLearning =
      ["generator", "improver"].contains(path.first)
      || ["policy", "scorer"].contains { path.starts(with: [$0, "learning"]) }
    return all[key] ?? (isLearning ? all["learning." + (path.last ?? "")] : nil)
  }

  private static let all = [
    "model": "embedded, a packed model, a GGUF file or a Hugging Face folder",
    "seeds": "JSONL files or logs of good question-answer pairs; none: the built-in exercises",
    "keyword_sources": "texts whose paragraphs give keywords; none: the built-in ones",
    "chat_template": "empty: the model's own; else chatml, plain, or a Jinja file",
    "recipe": "synpo; or to compare: sampling_ranking, self_rewarding, seeds",
    "seed_kinds": "kinds of built-in exercises to learn from; empty: all",
    "held_back_kinds": "and to measure on, where these are to be others",
    "output_dir": "where everything is kept; a run that is started again goes on there",
    "iterations": "how many times the loop is run",
    "seed": "decides every random choice",
    "max_seeds": "seeds that are used at most; 0: all",
    "held_back_share": "share of the seeds that is never learnt from, to measure on",
    "max_held_back": "and how many at most",
    "validation_temperature": "how answers to them are drawn; 0 takes the likeliest tokens",
    "rewrite_temperature": "how rewrites are drawn; left out: as all answers, the paper's way",
    "prompts_per_iteration": "keyword lists, and so synthetic prompts",
    "pairs_per_iteration": "pairs that join the growing set at most",
    "samples_per_prompt":
      "for sampling_ranking and self_rewarding: the best and the worst make a pair",
    "rejected": "whose answer a rewrite has to beat: initial (the paper) or previous",
    "start_from": "what preference training starts from: initial (the paper) or previous",
    "use_improver": "false: the drafts themselves are the chosen answers",
    "use_pair_filter": "false: pairs are kept whatever their scores",
    "write_solutions":
      "true: the generator also writes its question's solution, which nothing uses; slower",
    "repetition_limit": "texts with a larger share of repetition are dropped",
    "context_size": "the longest sequence, prompt and answer, in tokens",
    "memory": "for caches and activations, such as 4GiB; empty: half of the machine's",
    "parallel_sequences": "sequences that are generated at once at most",
    "cache": "keys and values of texts under way: f16, int8 (half the memory) or f32",
    "templates": "brief, detailed, or automatic: brief for the embedded model",
    "keywords": "how keywords are drawn",
    "keywords.training_words": "words of a seed's own prompt, to train the generator with",
    "keywords.noise_words": "and words of another prompt beside them",
    "keywords.prompt_words": "words of a paragraph that a question is asked for with",
    "generation": "how answers are drawn",
    "generation.temperature":
      "0 takes the likeliest token; `rewrite_temperature` at the top may differ for rewrites",
    "generation.top_k": "only the k likeliest tokens; 0: all",
    "generation.top_p": "only the likeliest tokens that hold this share together",
    "generation.min_p": "only tokens this many times as likely as the likeliest",
    "generation.repetition_penalty": "above 1 makes words that stand already less likely",
    "generation.max_tokens": "the longest answer",
    "generation.stop": "texts that end an answer and are left out, such as [\"Question:\"]",
    "scorer": "who says which of two answers is better; `threshold` may set the lead that it takes",
    "scorer.name":
      "reward_head, trained_reward, judge, reward_model, external, exact (built-in exercises), or "
      + "the controls length and random",
    "scorer.sees_improver":
      "true: the reward head sees whether the model, asked to improve an answer, leaves it alone",
    "scorer.model": "judge: a model, or empty for the initial one; reward_model: its folder",
    "scorer.learning": "trained_reward: as for generator and improver",
    "scorer.command": "external: the program and its arguments; JSON lines in and out",
    "scorer.time_limit": "external: seconds that a reply may take",
    "scorer.samples_per_seed": "answers to each seed that a reward is fitted against",
    "generator": "training of the generator: keywords to questions, once",
    "improver": "training of the improver: answers to better ones, each iteration",
    "policy": "training of the model itself, on pairs",
    "policy.algorithm": "simpo, or dpo with the model it starts from as reference",
    "policy.beta": "the scale of rewards; with dpo rather 0.1",
    "policy.gamma": "the margin, absolute; `gamma_beta_ratio` may give it as a share of beta",
    "policy.force_margin": "true: a margin above beta is not refused",
    "policy.loss_type": "sigmoid or hinge",
    "policy.label_smoothing": "share of pairs taken to be the wrong way round, below 0.5",
    "policy.sft_weight": "weight of the likelihood of chosen answers beside SimPO",
    "policy.eval_steps":
      "steps between two looks at answers to held-back seeds, which may stop a training; 0: none",
    "policy.eval_prompts": "how many held-back seeds are answered at a look",
    "policy.learning": "as for generator and improver",
    "learning.method": "lora, or full for all weights",
    "learning.learning_rate": "at its highest, after warm-up",
    "learning.batch_size": "examples a step",
    "learning.num_train_epochs": "how often each example is seen",
    "learning.warmup_ratio": "share of the steps in which the rate rises",
    "learning.lr_scheduler_type": "cosine, linear or constant",
    "learning.weight_decay": "as in AdamW",
    "learning.forward": "float, int8 both ways (faster), or automatic: int8 for lora",
    "learning.optim": "adamw, or adamw_8bit: running means in two bytes a parameter, not eight",
    "learning.max_drop": "nats a token that answers may become less likely by; 0: any",
    "learning.use_rslora": "true: the adapter's scale is lora_alpha / sqrt(lora_r)",
    "learning.max_grad_norm": "longer gradients are cut to this",
    "learning.max_length": "the longest example in tokens; longer ones are set aside or cut",
    "learning.lora_r": "rank of the adapter",
    "learning.lora_alpha": "its scale is lora_alpha / lora_r",
    "learning.lora_dropout": "share of the adapter's inputs that a step leaves out, below 1",
    "learning.save_steps": "steps between two checkpoints",
  ]
}
