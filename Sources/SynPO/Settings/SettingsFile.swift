internal import Exercises
internal import Foundation
internal import ModelFile
internal import Yams

/// Reads settings from YAML over defaults, and tells precisely what is wrong with them.
public enum SettingsFile {
  /// - Parameters:
  ///   - yaml: the file's text; keys that are absent keep the value of `base`.
  ///   - overrides: `key=value` or `section.key=value`, which win over the file.
  public static func settings(
    yaml: String = "", overrides: [String] = [], base: RunSettings, path: String = "settings"
  ) throws(SettingsError) -> RunSettings {
    var tree = try tree(of: base)
    let known = keys(of: tree).union(RunSettings.optionalKeys)
    let file = try parsed(yaml, path: path)
    try check(file, known: known, prefix: "", path: path)
    merge(file, into: &tree)
    for override in overrides {
      let change = try parsedOverride(override)
      try check(change, known: known, prefix: "", path: "--set \(override)")
      merge(change, into: &tree)
    }
    let settings = try decoded(tree, path: path)
    try validate(settings, path: path)
    return settings
  }

  /// The settings as YAML, for people and for the record of a run.
  public static func yaml(_ settings: RunSettings) throws(SettingsError) -> String {
    do {
      return try Yams.dump(object: try tree(of: settings), sortKeys: true)
    } catch {
      throw .unreadable(path: "settings", reason: "\(error)")
    }
  }

  private static func tree(of settings: RunSettings) throws(SettingsError) -> [String: Any] {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    do {
      // Not by JSONSerialization, to which true and 1 are the same.
      let values = try JSONDecoder().decode(ConfigValue.self, from: encoder.encode(settings))
      return values.plain as? [String: Any] ?? [:]
    } catch {
      throw .unreadable(path: "settings", reason: "\(error)")
    }
  }

  private static func decoded(
    _ tree: [String: Any], path: String
  ) throws(SettingsError) -> RunSettings {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
      guard JSONSerialization.isValidJSONObject(tree) else {
        throw SettingsError.unreadable(path: path, reason: "a value is of no kind known here")
      }
      return try decoder.decode(
        RunSettings.self, from: JSONSerialization.data(withJSONObject: tree))
    } catch let error as DecodingError {
      throw SettingsError(error, path: path)
    } catch {
      throw .unreadable(path: path, reason: "\(error)")
    }
  }

  private static func parsed(_ yaml: String, path: String) throws(SettingsError) -> [String: Any] {
    let object: Any?
    do { object = try Yams.load(yaml: yaml) } catch {
      throw .unreadable(path: path, reason: "\(error)")
    }
    guard let object else { return [:] }
    guard let tree = object as? [String: Any] else {
      throw .unreadable(path: path, reason: "expected a list of `key: value` lines")
    }
    return tree
  }

  private static func parsedOverride(_ text: String) throws(SettingsError) -> [String: Any] {
    guard let sign = text.firstIndex(of: "=") else {
      throw .unreadable(path: "--set \(text)", reason: "expected key=value")
    }
    let keys = text[..<sign].replacing("-", with: "_").split(separator: ".").map(String.init)
    let nested = keys.enumerated().map { "\(String(repeating: "  ", count: $0))\($1):" }
    return try parsed(
      nested.joined(separator: "\n") + " " + text[text.index(after: sign)...],
      path: "--set \(text)")
  }

  private static func keys(of tree: [String: Any], prefix: String = "") -> Set<String> {
    var keys: Set<String> = []
    for (key, value) in tree {
      keys.insert(prefix + key)
      if let section = value as? [String: Any] {
        keys.formUnion(self.keys(of: section, prefix: "\(prefix)\(key)."))
      }
    }
    return keys
  }

  private static func check(
    _ tree: [String: Any], known: Set<String>, prefix: String, path: String
  ) throws(SettingsError) {
    for (key, value) in tree.sorted(by: { $0.key < $1.key }) {
      let full = prefix + key
      guard known.contains(full) else {
        throw .unknownKey(path: path, key: full, nearest: nearest(to: full, in: known))
      }
      if let section = value as? [String: Any] {
        try check(section, known: known, prefix: "\(full).", path: path)
      }
    }
  }

  private static func merge(_ change: [String: Any], into tree: inout [String: Any]) {
    for (key, value) in change {
      if let section = value as? [String: Any], var old = tree[key] as? [String: Any] {
        merge(section, into: &old)
        tree[key] = old
      } else {
        tree[key] = value
      }
    }
  }

  private static func validate(_ settings: RunSettings, path: String) throws(SettingsError) {
    let checks: [(String, Bool, String)] = [
      ("iterations", settings.iterations > 0, "at least 1"),
      ("held_back_share", (0.01...0.9).contains(settings.heldBackShare), "from 0.01 to 0.9"),
      ("prompts_per_iteration", settings.promptsPerIteration > 0, "at least 1"),
      ("pairs_per_iteration", settings.pairsPerIteration > 0, "at least 1"),
      ("context_size", settings.contextSize >= 16, "at least 16"),
      ("parallel_sequences", (1...4096).contains(settings.parallelSequences), "from 1 to 4096"),
      (
        "generation.stop", !settings.generation.stop.contains(""), "texts that are not empty"
      ),
      ("repetition_limit", (0...1).contains(settings.repetitionLimit), "from 0 to 1"),
      ("keywords.training_words", settings.keywords.trainingWords > 0, "at least 1"),
      ("keywords.prompt_words", settings.keywords.promptWords > 0, "at least 1"),
      ("policy.beta", settings.policy.beta > 0, "above 0"),
      (
        "policy.gamma",
        settings.policy.margin >= 0
          && (settings.policy.margin <= settings.policy.beta || settings.policy.forceMargin
            || settings.policy.algorithm == .dpo),
        "from 0 to beta: a margin above beta is out of the range in which SimPO is known to work; "
          + "policy.force_margin: true allows it"
      ),
      (
        "policy.label_smoothing", (0..<0.5).contains(settings.policy.labelSmoothing),
        "from 0 to below 0.5"
      ),
    ]
    for (key, isGood, expectation) in checks + furtherChecks(settings) where !isGood {
      throw .badValue(path: path, key: key, expectation: expectation)
    }
  }
}

extension SettingsFile {
  private static func furtherChecks(_ settings: RunSettings) -> [(String, Bool, String)] {
    let scorer = settings.scorer
    let kinds = Set(ExerciseKind.allCases.map(\.rawValue))
    let named = "names of kinds: \(kinds.sorted().joined(separator: ", "))"
    return [
      ("samples_per_prompt", settings.samplesPerPrompt >= 2, "at least 2"),
      ("seed_kinds", kinds.isSuperset(of: settings.seedKinds), named),
      ("held_back_kinds", kinds.isSuperset(of: settings.heldBackKinds), named),
      (
        "scorer.command", scorer.name != .external || !scorer.command.isEmpty,
        "a program for the scorer external"
      ),
      (
        "scorer.model", scorer.name != .rewardModel || !scorer.model.isEmpty,
        "the folder of a reward model"
      ),
      ("scorer.time_limit", scorer.timeLimit > 0, "seconds, above 0"),
      ("policy.eval_steps", settings.policy.evalSteps >= 0, "at least 0"),
      ("policy.eval_prompts", settings.policy.evalPrompts > 0, "at least 1"),
    ]
      + [
        ("generator", settings.generator), ("improver", settings.improver),
        ("policy.learning", settings.policy.learning), ("scorer.learning", scorer.learning),
      ].map { section, learning in
        (
          "\(section).lora_dropout", (0..<1).contains(learning.loraDropout), "from 0 to below 1"
        )
      }
  }
}

extension ConfigValue {
  /// The value in the standard library's own types.
  fileprivate var plain: Any {
    switch self {
    case .null: NSNull()
    case .flag(let value): value
    case .integer(let value): value
    case .number(let value): value
    case .string(let value): value
    case .array(let values): values.map(\.plain)
    case .object(let members): members.mapValues(\.plain)
    }
  }
}

/// What is wrong with settings.
public enum SettingsError: Error, Equatable, Sendable {
  case unreadable(path: String, reason: String)
  case unknownKey(path: String, key: String, nearest: String?)
  case badValue(path: String, key: String, expectation: String)

  init(_ error: DecodingError, path: String) {
    switch error {
    case .typeMismatch(_, let context), .valueNotFound(_, let context),
      .dataCorrupted(let context):
      let key = context.codingPath.map(\.stringValue).joined(separator: ".")
      self = .badValue(path: path, key: key, expectation: context.debugDescription)
    default: self = .unreadable(path: path, reason: "\(error)")
    }
  }
}

extension SettingsError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "\(path): \(reason)"
    case .unknownKey(let path, let key, let nearest):
      "\(path): unknown key '\(key)'" + (nearest.map { "; did you mean '\($0)'?" } ?? "")
    case .badValue(let path, let key, let expectation): "\(path): \(key): expected \(expectation)"
    }
  }
}

/// The known key with the fewest changed letters; nil if none is near.
func nearest(to key: String, in known: Set<String>) -> String? {
  let best = known.map { ($0, editDistance($0, key)) }.min { ($0.1, $0.0) < ($1.1, $1.0) }
  return best.flatMap { $0.1 <= max(2, key.count / 3) ? $0.0 : nil }
}

/// Levenshtein's distance.
private func editDistance(_ a: String, _ b: String) -> Int {
  let b = Array(b)
  var row = Array(0...b.count)
  for (i, letter) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for j in b.indices {
      let cost = min(row[j] + 1, row[j + 1] + 1, diagonal + (letter == b[j] ? 0 : 1))
      diagonal = row[j + 1]
      row[j + 1] = cost
    }
  }
  return row[b.count]
}
