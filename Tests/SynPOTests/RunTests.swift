import Bytes
import Foundation
import SynPO
import Synchronization
import TestSupport
import Testing
import Transformer

/// The whole loop on a real model of 260,000 parameters.
@Suite(.enabled(if: Shared.isPresent), .serialized)
struct RunTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func `the loop runs from seeds to a trained policy`() async throws {
    let settings = try settings(in: "run")
    let report = try await Run(settings: settings) { _ in }.run()
    #expect(report.iterations.count == 2)
    for iteration in report.iterations {
      #expect(iteration.pairs.kept > 0)
      #expect(iteration.allPairs > 0)
      #expect(iteration.validation.answers == 6)
      #expect(iteration.validation.goldLoss.isFinite)
    }
    #expect(report.iterations[1].allPairs > report.iterations[0].allPairs)
    #expect(report.initial.answers == 6)
  }

  @Test func `a run that is broken off anywhere ends with the same models and records`()
    async throws
  {
    var whole = try settings(in: "whole")
    whole.policy.evalSteps = 1
    _ = try await Run(settings: whole) { _ in }.run()
    var broken = try settings(in: "broken")
    broken.policy.evalSteps = 1
    for breakpoint in [3, 40, 90, 150, 260] {
      let events = Mutex(0)
      let run = Task {
        try await Run(settings: broken) { _ in
          let count = events.withLock { count in
            count += 1
            return count
          }
          if count == breakpoint { withUnsafeCurrentTask { $0?.cancel() } }
        }.run()
      }
      _ = await run.result
    }
    _ = try await Run(settings: broken) { _ in }.run()
    for name in ["generator", "iteration-1/improver", "iteration-1/policy", "iteration-2/policy"] {
      #expect(
        try bytes("whole/\(name)/model.packed") == bytes("broken/\(name)/model.packed"), "\(name)")
    }
    for log in ["prompts", "drafts", "rewrites", "baselines", "pairs", "validation"] {
      for iteration in 1...2 {
        let path = "iteration-\(iteration)/\(log).rlg"
        #expect(try bytes("whole/\(path)") == bytes("broken/\(path)"), "\(path)")
      }
    }
  }

  @Test func `a policy may go on from the one before, and its adapter knows over what it lies`()
    async throws
  {
    var settings = try settings(in: "onwards")
    settings.startFrom = .previous
    settings.policy.learning.method = .lora
    settings.policy.learning.learningRate = 1e-2
    let report = try await Run(settings: settings) { _ in }.run()
    let bench = try Workbench(settings: settings)
    let second = try bench.trained(in: folder.file("onwards/iteration-2/policy"))
    #expect(second.adapter != nil)
    #expect(second.model.fingerprint != bench.initial.model.fingerprint)
    let again = try await bench.measure(
      folder.file("onwards/iteration-2/validation.rlg"), of: second,
      to: folder.file("onwards/held-back.rlg"), iteration: 2)
    #expect(again.goldLoss == report.iterations[1].validation.goldLoss)
    #expect(again.goldLoss != report.iterations[0].validation.goldLoss)
  }

  @Test(arguments: [Recipe.samplingRanking, .selfRewarding, .seeds])
  func `the methods it is compared with run to a trained policy`(recipe: Recipe) async throws {
    var settings = try settings(in: recipe.rawValue)
    settings.recipe = recipe
    settings.samplesPerPrompt = 3
    settings.iterations = 1
    let report = try await Run(settings: settings) { _ in }.run()
    #expect(report.iterations[0].pairs.kept > 0)
    #expect(try Run(settings: settings) { _ in }.finished() == report)
    for log in try FileManager.default.contentsOfDirectory(
      atPath: folder.file("\(recipe.rawValue)/iteration-1"))
    {
      #expect(log != "rewrites.rlg" && log != "improver", "there is no improver")
    }
  }

  @Test(arguments: [TrainingMethod.lora, .full])
  func `a reward is trained once, and scores the same wherever it is named`(
    method: TrainingMethod
  ) async throws {
    var settings = try settings(in: "reward-\(method.rawValue)")
    settings.iterations = 1
    settings.scorer.name = .trainedReward
    settings.scorer.threshold = -100
    settings.scorer.learning.method = method
    let told = Mutex<[Double]>([])
    let report = try await Run(settings: settings) { event in
      if case .rewardHead(let pairs, let accuracy, _) = event {
        told.withLock { $0 += [Double(pairs), accuracy] }
      }
    }.run()
    #expect(report.iterations[0].pairs.kept > 0)
    let words = told.withLock { $0 }
    #expect(words.count == 2 && words[0] > 5 && words[1] > 0.5, "\(words)")

    let items = [ScoringItem(prompt: "Once upon a time", answers: ["a cat sat.", "dog dog dog"])]
    let scores = try await Workbench(settings: settings).scores(items)
    settings.scorer.name = .rewardModel
    settings.scorer.model = "\(settings.outputDir)/reward"
    #expect(try await Workbench(settings: settings).scores(items) == scores)
    #expect(scores[0][0] != scores[0][1])
  }

  @Test func `seeds whose turns the template refuses are put aside, the others are used`()
    async throws
  {
    var settings = try settings(in: "refusing")
    settings.chatTemplate = folder.file("template.jinja")
    try """
    {% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}\
    {{ m.content }}
    {% endfor %}
    """.write(toFile: settings.chatTemplate, atomically: true, encoding: .utf8)
    let turns = ["system", "user", "assistant"].map { "{\"role\": \"\($0)\", \"content\": \"x\"}" }
    let odd = "{\"messages\": [\(turns.joined(separator: ", "))]}\n"
    try odd.write(toFile: folder.file("odd.jsonl"), atomically: true, encoding: .utf8)
    settings.seeds.append(folder.file("odd.jsonl"))
    settings.iterations = 1
    let opened = Mutex<(seeds: Int, unusable: Int)?>(nil)
    _ = try await Run(settings: settings) { event in
      if case .opened(_, _, let seeds, _, let unusable) = event {
        opened.withLock { $0 = (seeds, unusable) }
      }
    }.run()
    #expect(opened.withLock { $0?.seeds } == 18)
    #expect(opened.withLock { $0?.unusable } == 1)
  }

  @Test func `a folder with other settings is refused by name`() async throws {
    var settings = try settings(in: "other")
    let claimed = try SettingsFile.yaml(settings)
    try FileManager.default.createDirectory(
      atPath: settings.outputDir, withIntermediateDirectories: true)
    try claimed.write(
      toFile: "\(settings.outputDir)/run.yaml", atomically: true, encoding: .utf8)
    settings.iterations = 7
    await #expect(
      throws: SynPOError.otherSettings(
        folder: settings.outputDir, differences: ["iterations: 7"])
    ) {
      try await Run(settings: settings) { _ in }.run()
    }
  }

  private func bytes(_ name: String) throws -> Data {
    try Data(contentsOf: URL(filePath: folder.file(name)))
  }

  private func settings(in name: String) throws -> RunSettings {
    var settings = RunSettings()
    settings.model = Shared.path("data/stories260k/stories260K-f32.gguf")
    settings.chatTemplate = "plain"
    settings.templates = "brief"
    settings.seeds = [try seedFile()]
    settings.keywordSources = [Shared.path("data/tinystories-sample/tinystories.txt")]
    settings.outputDir = folder.file(name)
    settings.promptsPerIteration = 24
    settings.pairsPerIteration = 8
    settings.contextSize = 256
    settings.generation.maxTokens = 96
    settings.parallelSequences = 8
    settings.scorer.threshold = 0
    for path in [\RunSettings.generator, \.improver, \.policy.learning] {
      settings[keyPath: path].method = .full
      settings[keyPath: path].learningRate = 2e-3
      settings[keyPath: path].batchSize = 6
      settings[keyPath: path].saveSteps = 5
      settings[keyPath: path].maxLength = 256
    }
    settings.generator.numTrainEpochs = 30
    settings.policy.learning.learningRate = 1e-4
    return settings
  }

  /// Twenty-four beginnings of stories and how they go on.
  private func seedFile() throws -> String {
    let animals = ["cat", "dog", "bird", "frog", "bear", "fish"]
    let places = ["the park", "the garden", "the big tree", "the house"]
    var lines = ""
    for animal in animals {
      for place in places {
        let prompt = "Tell a story of a \(animal) in \(place)."
        let answer =
          "Once upon a time, there was a little \(animal). It liked to play in \(place)."
        lines += "{\"prompt\": \"\(prompt)\", \"completion\": \"\(answer)\"}\n"
      }
    }
    let path = folder.file("seeds.jsonl")
    try lines.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }
}
