import SynPO
import Testing

struct SettingsFileTests {
  @Test func `settings survive being written and read`() throws {
    var settings = RunSettings.embedded
    settings.useImprover = false
    settings.scorer.threshold = 0.25
    settings.policy.beta = 4
    let yaml = try SettingsFile.yaml(settings)
    #expect(try SettingsFile.settings(yaml: yaml, base: RunSettings()) == settings)
  }

  @Test func `what the file leaves out keeps its default, and an override wins`() throws {
    let settings = try SettingsFile.settings(
      yaml: "iterations: 3\npolicy:\n  beta: 6\n",
      overrides: ["iterations=5", "policy.learning.learning-rate=1e-3"], base: RunSettings())
    #expect(settings.iterations == 5)
    #expect(settings.policy.beta == 6)
    #expect(settings.policy.gamma == 1.6)
    #expect(settings.policy.learning.learningRate == 1e-3)
  }

  @Test func `a misspelt key is refused with the nearest that is known`() {
    #expect(
      throws: SettingsError.unknownKey(
        path: "a.yaml", key: "policy.betta", nearest: "policy.beta")
    ) {
      try SettingsFile.settings(
        yaml: "policy:\n  betta: 2\n", base: RunSettings(), path: "a.yaml")
    }
  }

  @Test(arguments: [
    "iterations: many", "iterations: 0", "policy: {gamma: 3}", "held_back_share: 1.5",
    "scorer: {name: oracle}", "- a list", "iterations: [", "use_improver: 3",
    "generator: {lora_dropout: 1}", "policy: {learning: {lora_dropout: -0.1}}",
    "policy: {eval_steps: -1}", "policy: {eval_prompts: 0}",
  ])
  func `a bad value is an error that names it`(yaml: String) {
    #expect(throws: SettingsError.self) {
      try SettingsFile.settings(yaml: yaml, base: RunSettings())
    }
  }

  @Test func `the margin can be given as a share of beta`() throws {
    let settings = try SettingsFile.settings(
      yaml: "policy: {beta: 10, gamma_beta_ratio: 0.3}", base: RunSettings())
    #expect(settings.policy.margin == 3)
  }

  @Test func `a margin above beta has to be forced`() throws {
    let forced = try SettingsFile.settings(
      yaml: "policy: {gamma: 3, force_margin: true}", base: RunSettings())
    #expect(forced.policy.margin == 3)
  }

  @Test func `the hash tells settings apart that change results, and no others`() {
    var other = RunSettings()
    other.outputDir = "elsewhere"
    other.memory = "1GiB"
    #expect(other.hash == RunSettings().hash)
    other.seed = 7
    #expect(other.hash != RunSettings().hash)
  }
}
