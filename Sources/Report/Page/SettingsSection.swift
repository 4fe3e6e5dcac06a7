internal import SynPO

/// The settings of the run as they stand in its folder.
struct SettingsSection {
  let files: RunFiles

  var body: [Markup] {
    guard let yaml = try? SettingsFile.yaml(files.settings) else { return [] }
    let policy = files.settings.policy
    return [
      """
      <p>\(policy.algorithm.rawValue) with beta \(plain(Double(policy.beta))), gamma \
      \(plain(Double(policy.margin))) (gamma/beta \(plain(Double(policy.margin / policy.beta)))); \
      settings <code>\(files.settings.hash)</code>, seed \(String(files.settings.seed)).</p>
      """,
      "<details><summary>All settings</summary><pre>\(yaml)</pre></details>",
    ]
  }
}
