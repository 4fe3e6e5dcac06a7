/// What stands after `|`.
enum JinjaFilter: String {
  case trim, length, upper, lower, title, capitalize, join, tojson, first, last, replace, list,
    items
  case string, int, float, abs, safe, select, reject, selectattr, rejectattr, map, sort, reverse
  case unique, min, max, sum, indent, dictsort, escape
  case fallback = "default"

  init?(named name: String) {
    let aliases = ["count": "length", "d": "default", "e": "escape"]
    self.init(rawValue: aliases[name] ?? name)
  }
}

extension JinjaInterpreter {
  func apply(
    _ filter: JinjaFilter, to value: JinjaValue, _ arguments: JinjaCallArguments
  ) throws(ChatTemplateError) -> JinjaValue {
    var arguments = arguments
    let result: JinjaValue
    switch filter {
    case .trim, .upper, .lower, .title, .capitalize, .replace, .indent, .escape:
      result = .string(try text(filter, value.text, &arguments))
    case .string: result = .string(value.text)
    case .safe: result = value
    case .fallback: result = fallback(for: value, &arguments)
    case .tojson: result = .string(try json(value, &arguments))
    case .int, .float, .abs: result = try number(filter, value, &arguments)
    case .length:
      guard let count = value.count else { throw failure("\(value.typeName) has no length") }
      result = .int(count)
    case .items: result = .list(try members(of: value))
    case .select, .reject, .selectattr, .rejectattr:
      result = .list(try select(filter, try items(of: value), &arguments))
    case .map: result = .list(try map(try items(of: value), &arguments))
    default: result = try collection(filter, value, &arguments)
    }
    try arguments.expectNoMore(for: "the filter `\(filter.rawValue)`", line: line)
    return result
  }

  private func items(of value: JinjaValue) throws(ChatTemplateError) -> [JinjaValue] {
    guard let items = value.items else { throw failure("\(value.typeName) has no items") }
    return items
  }

  private func members(of value: JinjaValue) throws(ChatTemplateError) -> [JinjaValue] {
    if value.isUndefined { return [] }
    guard case .dictionary(let dictionary) = value else {
      throw failure("\(value.typeName) is no mapping")
    }
    return dictionary.members.map { .tuple([$0.key, $0.value]) }
  }

  private func fallback(
    for value: JinjaValue, _ arguments: inout JinjaCallArguments
  ) -> JinjaValue {
    let other = arguments.take("default_value") ?? .string("")
    let alsoForFalse = arguments.take("boolean")?.isTrue ?? false
    return value.isUndefined || (alsoForFalse && !value.isTrue) ? other : value
  }

  private func json(
    _ value: JinjaValue, _ arguments: inout JinjaCallArguments
  ) throws(ChatTemplateError) -> JinjaString {
    var writer = JinjaJSONWriter()
    writer.indent = arguments.take("indent")?.asInt.map { Swift.min(Swift.max($0, 0), 16) }
    writer.escapesUnicode = arguments.take("ensure_ascii")?.isTrue ?? false
    writer.sortsKeys = arguments.take("sort_keys")?.isTrue ?? false
    if let separators = arguments.take("separators")?.items {
      guard separators.count == 2 else { throw failure("`separators` should be two strings") }
      (writer.itemSeparator, writer.keySeparator) = (separators[0].text, separators[1].text)
    }
    guard let json = writer.json(value) else {
      throw failure("\(value.typeName) cannot be written as JSON")
    }
    return try checked(json)
  }
}

// MARK: - Text and numbers

extension JinjaInterpreter {
  private func text(
    _ filter: JinjaFilter, _ text: JinjaString, _ arguments: inout JinjaCallArguments
  ) throws(ChatTemplateError) -> JinjaString {
    switch filter {
    case .trim: text.stripped(of: try optionalText("chars", &arguments))
    case .upper: text.uppercased
    case .lower: text.lowercased
    case .title: text.titled { $0.properties.isWhitespace || "-({[<".unicodeScalars.contains($0) }
    case .capitalize: text.capitalized
    case .replace: try replaced(text, &arguments)
    case .indent: try indented(text, &arguments)
    default: Self.escaped(text)
    }
  }

  private func indented(
    _ text: JinjaString, _ arguments: inout JinjaCallArguments
  ) throws(ChatTemplateError) -> JinjaString {
    let width = arguments.take("width") ?? .int(4)
    let includesFirst = arguments.take("first")?.isTrue ?? false
    let includesBlank = arguments.take("blank")?.isTrue ?? false
    let space = width.asInt.map {
      JinjaString(String(repeating: " ", count: Swift.min(Swift.max($0, 0), 256)))
    }
    let lines = text.parts(between: "\n").enumerated().map { index, line in
      let isIndented = index == 0 ? includesFirst : includesBlank || !line.isEmpty
      return isIndented ? (space ?? width.text) + line : line
    }
    return try checked(lines.joined(with: "\n"))
  }

  private static func escaped(_ text: JinjaString) -> JinjaString {
    let names: [Unicode.Scalar: String] = [
      "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&#34;", "'": "&#39;",
    ]
    return text.mapCharacters { names[$0] ?? String($0) }
  }

  private func number(
    _ filter: JinjaFilter, _ value: JinjaValue, _ arguments: inout JinjaCallArguments
  ) throws(ChatTemplateError) -> JinjaValue {
    if filter == .abs {
      if let int = value.asInt, int != .min { return .int(Swift.abs(int)) }
      guard let double = value.asDouble else {
        throw failure("\(value.typeName) has no absolute value")
      }
      return .double(Swift.abs(double))
    }
    let otherwise = arguments.take("default")
    let text = value.text.stripped().text
    if filter == .float {
      return (value.asDouble ?? Double(text)).map { .double($0) } ?? otherwise ?? .double(0)
    }
    let whole = value.asInt ?? Int(text) ?? (value.asDouble ?? Double(text)).flatMap(Self.truncated)
    return whole.map { .int($0) } ?? otherwise ?? .int(0)
  }

  private static func truncated(_ value: Double) -> Int? {
    Int(exactly: value.rounded(.towardZero))
  }
}

// MARK: - Collections

extension JinjaInterpreter {
  private func collection(
    _ filter: JinjaFilter, _ value: JinjaValue, _ arguments: inout JinjaCallArguments
  ) throws(ChatTemplateError) -> JinjaValue {
    if filter == .reverse, case .string(let text) = value {
      return .string(text.characters.reversed().joined())
    }
    let items = try items(of: value)
    switch filter {
    case .list: return .list(items)
    case .first: return items.first ?? .undefined("the first of nothing")
    case .last: return items.last ?? .undefined("the last of nothing")
    case .reverse: return .list(items.reversed())
    case .join: return .string(try join(items, &arguments))
    case .unique:
      return .list(items.enumerated().filter { items.firstIndex(of: $1) == $0 }.map(\.element))
    case .sum: return try sum(items, &arguments)
    case .sort: return .list(try sorted(items, &arguments))
    case .min: return try sorted(items).first ?? .undefined("the least of nothing")
    case .max: return try sorted(items).last ?? .undefined("the greatest of nothing")
    case .dictsort: return .list(try sorted(try members(of: value)) { $0.items?.first })
    default: throw failure("the filter `\(filter.rawValue)` does not take \(value.typeName)")
    }
  }

  private func join(
    _ items: [JinjaValue], _ arguments: inout JinjaCallArguments
  ) throws(ChatTemplateError) -> JinjaString {
    let separator = arguments.take("d")?.text ?? ""
    let name = arguments.take("attribute")
    return try joined(.list(try attributes(name, of: items)), with: separator)
  }

  private func attributes(
    _ name: JinjaValue?, of items: [JinjaValue]
  ) throws(ChatTemplateError) -> [JinjaValue] {
    guard let name else { return items }
    var result: [JinjaValue] = []
    for item in items { result.append(try attribute(path: name, of: item)) }
    return result
  }

  /// The attribute `a.b` or the item at a number.
  private func attribute(
    path: JinjaValue, of value: JinjaValue
  ) throws(ChatTemplateError) -> JinjaValue {
    guard case .string(let text) = path else { return try item(path, of: value) }
    var result = value
    for name in text.parts(between: ".") {
      result = try item(Int(name.text).map { .int($0) } ?? .string(name), of: result)
    }
    return result
  }

  private func sum(
    _ items: [JinjaValue], _ arguments: inout JinjaCallArguments
  ) throws(ChatTemplateError) -> JinjaValue {
    let name = arguments.take("attribute")
    var total = arguments.take("start") ?? .int(0)
    for item in try attributes(name, of: items) { total = try calculate(.add, total, item) }
    return total
  }

  private func sorted(
    _ items: [JinjaValue], _ arguments: inout JinjaCallArguments
  ) throws(ChatTemplateError) -> [JinjaValue] {
    let isReversed = arguments.take("reverse")?.isTrue ?? false
    let minds = arguments.take("case_sensitive")?.isTrue ?? false
    let name = arguments.take("attribute")
    var keys: [JinjaValue] = try attributes(name, of: items)
    if !minds { keys = keys.map(\.lowercased) }
    let pairs = zip(keys, items).map { JinjaValue.tuple([$0, $1]) }
    let sorted = try sorted(isReversed ? pairs.reversed() : pairs) { $0.items?.first }
    let values = sorted.compactMap { $0.items?.last }
    return isReversed ? values.reversed() : values
  }

  /// In rising order of `key`; without one, as the filters do, letters of both cases as one.
  private func sorted(
    _ items: [JinjaValue], by key: (JinjaValue) -> JinjaValue? = { $0.lowercased }
  ) throws(ChatTemplateError) -> [JinjaValue] {
    var isComparable = true
    let sorted = items.sorted { left, right in
      guard let left = key(left), let right = key(right), let isLess = left.isLess(than: right)
      else {
        isComparable = false
        return false
      }
      return isLess
    }
    guard isComparable else { throw failure("the items have no order") }
    return sorted
  }

  // MARK: Choosing and mapping

  /// `select(test, …)`, `selectattr(attribute, test, …)` and their opposites.
  private func select(
    _ filter: JinjaFilter, _ items: [JinjaValue], _ arguments: inout JinjaCallArguments
  ) throws(ChatTemplateError) -> [JinjaValue] {
    let usesAttribute = filter == .selectattr || filter == .rejectattr
    let name = usesAttribute ? arguments.take("attribute") : nil
    if usesAttribute, name == nil { throw failure("`\(filter.rawValue)` needs an attribute") }
    let test = try requestedTest(&arguments)
    let values = Array(arguments.positional)
    arguments.positional = []
    let keeps = filter == .select || filter == .selectattr
    var kept: [JinjaValue] = []
    for (item, key) in zip(items, try attributes(name, of: items)) {
      let passes = try test.map { test throws(ChatTemplateError) in
        try self.test(test, key, values)
      }
      if (passes ?? key.isTrue) == keeps { kept.append(item) }
    }
    return kept
  }

  private func requestedTest(
    _ arguments: inout JinjaCallArguments
  ) throws(ChatTemplateError) -> JinjaTest? {
    guard let name = arguments.take("test")?.text.text else { return nil }
    guard let test = JinjaTest(named: name) else {
      throw .unsupported(line: line, construct: "the test `\(name)`")
    }
    return test
  }

  /// `map(attribute='a', default=…)` or `map('filter', …)`.
  private func map(
    _ items: [JinjaValue], _ arguments: inout JinjaCallArguments
  ) throws(ChatTemplateError) -> [JinjaValue] {
    guard arguments.positional.isEmpty else { return try mapByFilter(items, &arguments) }
    guard let name = arguments.take("attribute") else { throw failure("`map` needs an attribute") }
    let otherwise = arguments.take("default")
    return try attributes(name, of: items).map { $0.isUndefined ? otherwise ?? $0 : $0 }
  }

  private func mapByFilter(
    _ items: [JinjaValue], _ arguments: inout JinjaCallArguments
  ) throws(ChatTemplateError) -> [JinjaValue] {
    let name = arguments.take("filter")?.text.text ?? ""
    guard let filter = JinjaFilter(named: name) else {
      throw .unsupported(line: line, construct: "the filter `\(name)`")
    }
    var result: [JinjaValue] = []
    for item in items { result.append(try apply(filter, to: item, arguments)) }
    arguments = JinjaCallArguments()
    return result
  }
}

extension JinjaValue {
  fileprivate var lowercased: JinjaValue {
    if case .string(let text) = self { return .string(text.lowercased) }
    return self
  }
}
