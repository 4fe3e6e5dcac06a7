/// Cuts UTF-8 text into the words of a pre-tokenizer, front to back.
///
/// Written by hand after the regular expressions in ``PreTokenizer``: at each place the first
/// alternative that matches wins. Every byte of the text belongs to exactly one word.
struct WordScanner {
  private let bytes: [UInt8]
  private let rules: PreTokenizer
  private let classes = CharacterClass.ofBasicPlane
  private let end: Int
  private var position: Int
  /// For `smollm`: the end of the present run of digits, or of what is not digits.
  private var partEnd: Int

  /// - Parameter range: must begin and end between characters of valid UTF-8.
  init(_ bytes: [UInt8], _ range: Range<Int>, rules: PreTokenizer) {
    self.bytes = bytes
    self.rules = rules
    end = range.upperBound
    position = range.lowerBound
    partEnd = range.lowerBound
  }

  mutating func next() -> Range<Int>? {
    guard position < end else { return nil }
    let start = position
    position =
      switch rules {
      case .gpt2: gpt2Word(from: start, to: end)
      case .llama3: modernWord(from: start, digits: 3)
      case .qwen2: modernWord(from: start, digits: 1)
      case .smollm: wordBetweenDigits(from: start)
      }
    return start..<position
  }
}

// MARK: - Characters

extension WordScanner {
  private struct Character {
    let value: UInt32
    let kind: CharacterClass
    /// Where the next one begins.
    let next: Int

    var isOther: Bool { kind.isEmpty }
  }

  @inline(__always)
  private func character(at index: Int) -> Character {
    let first = bytes[index]
    if first < 0x80 {
      let value = UInt32(first)
      return Character(value: value, kind: classes[Int(value)], next: index + 1)
    }
    return wideCharacter(at: index)
  }

  private func wideCharacter(at index: Int) -> Character {
    func tail(_ offset: Int) -> UInt32 { UInt32(bytes[index + offset] & 0x3F) }
    let first = UInt32(bytes[index])
    if first < 0xE0 {
      let value = (first & 0x1F) << 6 | tail(1)
      return Character(value: value, kind: classes[Int(value)], next: index + 2)
    }
    if first < 0xF0 {
      let value = (first & 0x0F) << 12 | tail(1) << 6 | tail(2)
      return Character(value: value, kind: classes[Int(value)], next: index + 3)
    }
    let value = (first & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3)
    let kind = Unicode.Scalar(value).map { CharacterClass($0) } ?? []
    return Character(value: value, kind: kind, next: index + 4)
  }

  /// The end of the run of characters of `kind` that begins at `start`.
  private func run(of kind: CharacterClass, from start: Int, to end: Int) -> Int {
    var index = start
    while index < end {
      let next = character(at: index)
      guard next.kind.contains(kind) else { break }
      index = next.next
    }
    return index
  }

  /// The end of the run of characters that are no letters, numbers or spaces.
  private func runOfOthers(from start: Int, to end: Int) -> Int {
    var index = start
    while index < end {
      let next = character(at: index)
      guard next.isOther else { break }
      index = next.next
    }
    return index
  }

  /// `\s+(?!\S)|\s+`: white space without its last character, which goes with the next word.
  private func whiteSpace(from start: Int, to end: Int) -> Int {
    var index = start
    var last = start
    while index < end {
      let next = character(at: index)
      guard next.kind.contains(.space) else { break }
      last = index
      index = next.next
    }
    return index == end || last == start ? index : last
  }
}

// MARK: - Words

extension WordScanner {
  private func gpt2Word(from start: Int, to end: Int) -> Int {
    let first = character(at: start)
    if first.value == 0x27, let end = contraction(after: start + 1, to: end, anyCase: false) {
      return end
    }
    var body = start
    var lead = first
    if first.value == 0x20, first.next < end {
      let second = character(at: first.next)
      if !second.kind.contains(.space) { (body, lead) = (first.next, second) }
    }
    if lead.kind.contains(.letter) { return run(of: .letter, from: body, to: end) }
    if lead.kind.contains(.number) { return run(of: .number, from: body, to: end) }
    if lead.isOther { return runOfOthers(from: body, to: end) }
    return whiteSpace(from: start, to: end)
  }

  private mutating func wordBetweenDigits(from start: Int) -> Int {
    if start == partEnd {
      var index = start
      while index < end {
        let next = character(at: index)
        if next.kind.contains(.number) { break }
        index = next.next
      }
      partEnd = index
    }
    if start < partEnd { return gpt2Word(from: start, to: partEnd) }
    partEnd = character(at: start).next
    return partEnd
  }

  /// The words of `llama3` and `qwen2`.
  private func modernWord(from start: Int, digits: Int) -> Int {
    let first = character(at: start)
    if first.value == 0x27, let end = contraction(after: start + 1, to: end, anyCase: true) {
      return end
    }
    if first.kind.contains(.number) { return group(of: digits, after: first) }
    if let end = lettersWithLead(first, at: start) { return end }
    if let end = signs(first, at: start) { return end }
    return lineBreaks(from: start) ?? whiteSpace(from: start, to: end)
  }

  /// `[^\r\n\p{L}\p{N}]?\p{L}+`
  private func lettersWithLead(_ first: Character, at start: Int) -> Int? {
    if first.kind.contains(.letter) { return run(of: .letter, from: start, to: end) }
    guard !first.kind.contains(.newline), first.next < end,
      character(at: first.next).kind.contains(.letter)
    else { return nil }
    return run(of: .letter, from: first.next, to: end)
  }

  /// `\p{N}{1,3}`
  private func group(of digits: Int, after first: Character) -> Int {
    var index = first.next
    var count = 1
    while count < digits, index < end {
      let next = character(at: index)
      guard next.kind.contains(.number) else { break }
      index = next.next
      count += 1
    }
    return index
  }

  /// ` ?[^\s\p{L}\p{N}]+[\r\n]*`
  private func signs(_ first: Character, at start: Int) -> Int? {
    var body = start
    if first.value == 0x20 {
      guard first.next < end, character(at: first.next).isOther else { return nil }
      body = first.next
    } else if !first.isOther {
      return nil
    }
    return run(of: .newline, from: runOfOthers(from: body, to: end), to: end)
  }

  /// `\s*[\r\n]+`: white space up to its last line break, if it has one.
  private func lineBreaks(from start: Int) -> Int? {
    var index = start
    var afterLast: Int?
    while index < end {
      let next = character(at: index)
      guard next.kind.contains(.space) else { break }
      index = next.next
      if next.kind.contains(.newline) { afterLast = index }
    }
    return afterLast
  }

  /// The end of `s`, `t`, `re`, `ve`, `m`, `ll` or `d` at `start`, which follows an apostrophe.
  private func contraction(after start: Int, to end: Int, anyCase: Bool) -> Int? {
    guard start < end else { return nil }
    let fold: UInt8 = anyCase ? 0x20 : 0
    switch (bytes[start] | fold, start + 1 < end ? bytes[start + 1] | fold : 0) {
    case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _), (UInt8(ascii: "m"), _),
      (UInt8(ascii: "d"), _):
      return start + 1
    case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
      (UInt8(ascii: "l"), UInt8(ascii: "l")):
      return start + 2
    // U+017F, the long s, is an s in another case.
    case (0xE5, 0xBF) where bytes[start] == 0xC5 && bytes[start + 1] == 0xBF && anyCase:
      return start + 2
    default: return nil
    }
  }
}
