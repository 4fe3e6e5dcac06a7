import ArgumentParser
import Foundation
import SynPO

/// Settings from a file, from `--set`, and from the flags that are asked for most.
struct SettingsOptions: ParsableArguments {
  @Option(
    name: .customLong("set"),
    help: "A setting, such as policy.learning.learning_rate=1e-4; may be given again.")
  var changes: [String] = []

  @Option(
    name: .shortAndLong,
    help: "embedded, a packed model, a GGUF file or a Hugging Face folder.", completion: .file())
  var model: String?

  @Option(help: "Decides every random choice.") var seed: UInt64?
  @Option(help: "Where everything that is made is kept.", completion: .directory)
  var outputDir: String?

  /// The settings of `config`, or the defaults, changed by `--set` and then by flags.
  ///
  /// Settings that name no model are for the embedded one, with its own defaults.
  ///
  /// - Parameter further: more changes, which win over all others.
  func settings(config: String?, further: [String] = []) throws -> RunSettings {
    let yaml = try config.map { path in
      try checkReadable(path)
      return try String(contentsOfFile: path, encoding: .utf8)
    }
    let overrides = changes + flags + further
    func read(_ base: RunSettings) throws -> RunSettings {
      try SettingsFile.settings(
        yaml: yaml ?? "", overrides: overrides, base: base, path: config ?? "settings")
    }
    let settings = try read(RunSettings())
    return settings.model == "embedded" ? try read(.embedded) : settings
  }

  private var flags: [String] {
    [
      model.map { "model=\(quoted($0))" }, seed.map { "seed=\($0)" },
      outputDir.map { "output_dir=\(quoted($0))" },
    ].compactMap(\.self)
  }
}

/// A text as YAML and JSON both write it.
func quoted(_ text: String) -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = .withoutEscapingSlashes
  return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
}
