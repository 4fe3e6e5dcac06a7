import SynPO
import TestSupport
import Testing

struct StudyTests {
  @Test(arguments: Study.all + [.oneShot(.embedded), .scale(models: ["/m/small", "/m/large"])])
  func `the ways of a study are settings that differ`(study: Study) throws {
    let hashes = try study.arms.map { arm in
      try SettingsFile.settings(overrides: arm.changes, base: .embedded).hash
    }
    #expect(hashes.count >= 2)
    #expect(Set(hashes).count == hashes.count, "\(study.name)")
  }

  @Test func `one shot makes as many prompts and pairs as all iterations together`() throws {
    let arms = Study.oneShot(.embedded).arms
    let settings = try arms.map {
      try SettingsFile.settings(overrides: $0.changes, base: .embedded)
    }
    for path in [\RunSettings.promptsPerIteration, \.pairsPerIteration] {
      #expect(
        settings[0].iterations * settings[0][keyPath: path]
          == settings[1].iterations * settings[1][keyPath: path])
    }
  }

  @Test(arguments: [
    "scorer.name=external", "scorer.name=reward_model", "seed_kinds=[sums]",
    "samples_per_prompt=1", "recipe=magic", "scorer.time_limit=0",
  ])
  func `settings that lack their other half are refused`(change: String) {
    #expect(throws: SettingsError.self) {
      try SettingsFile.settings(overrides: [change], base: .embedded)
    }
  }
}
