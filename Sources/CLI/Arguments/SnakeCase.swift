/// Long flags with dashes for underscores, up to `--`: people paste `--learning_rate`.
///
/// Only the name of a flag is changed, never its value.
func withDashes(_ arguments: some Sequence<String>) -> [String] {
  var isFlag = true
  return arguments.map { argument in
    if argument == "--" { isFlag = false }
    guard isFlag, argument.hasPrefix("--") else { return argument }
    let name = String(argument.prefix { $0 != "=" })
    return name.replacing("_", with: "-") + argument.dropFirst(name.count)
  }
}
