/// Methods of strings and mappings that do not change them.
enum JinjaMethod: String {
  case strip, lstrip, rstrip, split, rsplit, splitlines, startswith, endswith, upper, lower, title
  case capitalize, replace, find, rfind, count, join, removeprefix, removesuffix
  case isdigit, isalpha, isalnum, isspace, islower, isupper
  case items, keys, values, get
  case index
  case cycle

  private static let ofStrings: Set<JinjaMethod> = [
    .strip, .lstrip, .rstrip, .split, .rsplit, .splitlines, .startswith, .endswith, .upper, .lower,
    .title, .capitalize, .replace, .find, .rfind, .count, .join, .removeprefix, .removesuffix,
    .isdigit, .isalpha, .isalnum, .isspace, .islower, .isupper,
  ]

  init?(named name: String, of object: JinjaValue) {
    guard let method = Self(rawValue: name) else { return nil }
    let isKnown =
      switch object {
      case .string: Self.ofStrings.contains(method)
      case .dictionary: [.items, .keys, .values, .get].contains(method)
      case .list, .tuple: [.index, .count].contains(method)
      case .loop: method == .cycle
      default: false
      }
    guard isKnown else { return nil }
    self = method
  }
}

extension JinjaInterpreter {
  func call(
    _ method: JinjaMethod, of object: JinjaValue, _ arguments: JinjaCallArguments
  ) throws(ChatTemplateError) -> JinjaValue {
    var arguments = arguments
    let result: JinjaValue
    switch object {
    case .string(let text): result = try call(method, of: text, &arguments)
    case .dictionary(let dictionary): result = try call(method, of: dictionary, &arguments)
    case .list(let items), .tuple(let items): result = try call(method, of: items, &arguments)
    case .loop(let loop):
      let values = arguments.positional
      arguments.positional = []
      guard !values.isEmpty else { throw failure("`cycle` needs values") }
      result = values[values.startIndex + loop.index % values.count]
    default: throw failure("\(object.typeName) has no method `\(method.rawValue)`")
    }
    try arguments.expectNoMore(for: "`\(method.rawValue)`", line: line)
    return result
  }

  // MARK: Strings

  private func call(
    _ method: JinjaMethod, of text: JinjaString, _ arguments: inout JinjaCallArguments
  ) throws(ChatTemplateError) -> JinjaValue {
    switch method {
    case .strip: return .string(text.stripped(of: try optionalText("chars", &arguments)))
    case .lstrip:
      return .string(text.stripped(of: try optionalText("chars", &arguments), right: false))
    case .rstrip:
      return .string(text.stripped(of: try optionalText("chars", &arguments), left: false))
    case .split, .rsplit: return .list(try split(text, method, &arguments))
    case .splitlines: return .list(text.lines.map { .string($0) })
    case .startswith:
      return .bool(try affixes(&arguments).contains { text.hasPrefix($0) })
    case .endswith:
      return .bool(try affixes(&arguments).contains { text.hasSuffix($0) })
    case .upper: return .string(text.uppercased)
    case .lower: return .string(text.lowercased)
    case .title: return .string(text.titled { !$0.properties.isAlphabetic })
    case .capitalize: return .string(text.capitalized)
    case .replace: return .string(try replaced(text, &arguments))
    case .find, .rfind:
      return .int(text.place(of: try requiredText("sub", &arguments), last: method == .rfind))
    case .removeprefix, .removesuffix:
      return .string(try withoutAffix(text, method, &arguments))
    case .count:
      let part = try requiredText("sub", &arguments)
      return .int(
        part.isEmpty ? text.text.unicodeScalars.count + 1 : text.parts(between: part).count - 1)
    case .join: return .string(try joined(arguments.take("iterable") ?? .none, with: text))
    case .isdigit, .isalpha, .isalnum, .isspace: return .bool(Self.isAll(method, text.text))
    case .islower: return .bool(text.isLowercase)
    case .isupper: return .bool(text.isUppercase)
    default: throw failure("a string has no method `\(method.rawValue)`")
    }
  }

  private static func isAll(_ method: JinjaMethod, _ text: String) -> Bool {
    !text.isEmpty
      && text.unicodeScalars.allSatisfy { scalar in
        switch method {
        case .isdigit: scalar.properties.numericType == .decimal
        case .isalpha: CharacterClass(scalar) == .letter
        case .isalnum:
          CharacterClass(scalar) == .letter || scalar.properties.numericType != nil
        default: scalar.properties.isWhitespace
        }
      }
  }

  private func withoutAffix(
    _ text: JinjaString, _ method: JinjaMethod, _ arguments: inout JinjaCallArguments
  ) throws(ChatTemplateError) -> JinjaString {
    let isPrefix = method == .removeprefix
    let affix = try requiredText(isPrefix ? "prefix" : "suffix", &arguments)
    guard isPrefix ? text.hasPrefix(affix) : text.hasSuffix(affix) else { return text }
    return isPrefix
      ? text[bytes: affix.byteCount..<text.byteCount]
      : text[bytes: 0..<text.byteCount - affix.byteCount]
  }

  private func split(
    _ text: JinjaString, _ method: JinjaMethod, _ arguments: inout JinjaCallArguments
  ) throws(ChatTemplateError) -> [JinjaValue] {
    let separator = try optionalText("sep", &arguments)
    let limit = arguments.take("maxsplit")?.asInt ?? -1
    guard let separator else {
      guard limit < 0 || method == .split else {
        throw failure("`rsplit` with a limit needs a separator")
      }
      return text.words(limit: limit < 0 ? .max : limit).map { .string($0) }
    }
    guard !separator.isEmpty else { throw failure("`split` needs a separator that is not empty") }
    guard method == .rsplit, limit >= 0 else {
      return text.parts(between: separator, limit: limit < 0 ? .max : limit).map { .string($0) }
    }
    let parts = text.parts(between: separator)
    let kept = parts.suffix(limit)
    let rest = parts.dropLast(kept.count)
    return ((rest.isEmpty ? [] : [rest.joined(with: separator)]) + kept).map { .string($0) }
  }

  /// One text or a tuple of them.
  private func affixes(
    _ arguments: inout JinjaCallArguments
  ) throws(ChatTemplateError) -> [JinjaString] {
    guard let value = arguments.take("prefix") else { throw failure("an argument is missing") }
    switch value {
    case .string(let text): return [text]
    case .tuple(let items): return items.map(\.text)
    default: throw failure("\(value.typeName) given where a string is wanted")
    }
  }

  func replaced(
    _ text: JinjaString, _ arguments: inout JinjaCallArguments
  ) throws(ChatTemplateError) -> JinjaString {
    let old = try requiredText("old", &arguments)
    let new = try requiredText("new", &arguments)
    let limit = arguments.take("count")?.asInt ?? -1
    guard !old.isEmpty else { throw failure("`replace` needs a text that is not empty") }
    let parts = text.parts(between: old, limit: limit < 0 ? .max : limit)
    let (growth, overflows) = new.byteCount.multipliedReportingOverflow(by: parts.count)
    try checkLength(overflows ? .max : growth)
    return try checked(parts.joined(with: new))
  }

  func joined(
    _ value: JinjaValue, with separator: JinjaString
  ) throws(ChatTemplateError) -> JinjaString {
    guard let items = value.items else { throw failure("\(value.typeName) cannot be joined") }
    let length = items.reduce(0) { $0 + $1.text.byteCount + separator.byteCount }
    try checkLength(length)
    return items.map(\.text).joined(with: separator)
  }

  // MARK: Mappings and lists

  private func call(
    _ method: JinjaMethod, of dictionary: JinjaDictionary, _ arguments: inout JinjaCallArguments
  ) throws(ChatTemplateError) -> JinjaValue {
    switch method {
    case .items: return .list(dictionary.members.map { .tuple([$0.key, $0.value]) })
    case .keys: return .list(dictionary.members.map(\.key))
    case .values: return .list(dictionary.members.map(\.value))
    default:
      guard let key = arguments.take("key") else { throw failure("`get` needs a key") }
      let otherwise = arguments.take("default") ?? .none
      return dictionary[key] ?? otherwise
    }
  }

  private func call(
    _ method: JinjaMethod, of items: [JinjaValue], _ arguments: inout JinjaCallArguments
  ) throws(ChatTemplateError) -> JinjaValue {
    guard let value = arguments.take("value") else { throw failure("an argument is missing") }
    if method == .count { return .int(items.count { $0 == value }) }
    guard let index = items.firstIndex(of: value) else {
      throw failure("`index` found no such value")
    }
    return .int(index)
  }

  // MARK: Arguments

  func optionalText(
    _ name: String, _ arguments: inout JinjaCallArguments
  ) throws(ChatTemplateError) -> JinjaString? {
    switch arguments.take(name) {
    case nil, .some(.none): return nil
    case .string(let text)?: return text
    case let value?: throw failure("`\(name)` should be a string, not \(value.typeName)")
    }
  }

  func requiredText(
    _ name: String, _ arguments: inout JinjaCallArguments
  ) throws(ChatTemplateError) -> JinjaString {
    guard let text = try optionalText(name, &arguments) else {
      throw failure("`\(name)` is missing")
    }
    return text
  }
}
