/// A sentence with slots, such as `Which letter comes after {letter}?`.
///
/// The same value writes prompts and recognises them. Recognition compares words and punctuation
/// marks, so case, spacing and the marks at the very end do not count.
struct Template: Sendable {
  private enum Piece: Sendable {
    case mark(String)
    case slot(Slot)
  }

  let text: String
  private let pieces: [Piece]

  /// - Precondition: whatever stands in braces is the name of a ``Slot``.
  init(_ text: String) {
    self.text = text
    pieces = marks(text, keeping: "{}_").map { mark in
      guard mark.hasPrefix("{") else { return .mark(mark) }
      let name = String(mark.dropFirst().dropLast())
      guard let slot = Slot(rawValue: name) else { preconditionFailure("no slot \(name)") }
      return .slot(slot)
    }
  }

  /// The sentence with its slots filled.
  /// - Precondition: `filling` has a value for each slot of the sentence.
  func filled(with filling: Filling) -> String {
    var result = ""
    var rest = text[...]
    while let open = rest.firstIndex(of: "{"), let close = rest.firstIndex(of: "}") {
      let name = rest[rest.index(after: open)..<close]
      guard let slot = Slot(rawValue: String(name)), let value = filling[slot] else {
        preconditionFailure("nothing to put into {\(name)} of '\(text)'")
      }
      result += rest[..<open] + value
      rest = rest[rest.index(after: close)...]
    }
    return result + rest
  }

  /// What stands in the slots if `prompt`, cut by ``marks(_:keeping:)``, is this sentence.
  func match(_ prompt: [String]) -> Filling? {
    var filling: Filling = [:]
    var rest = prompt[...]
    for piece in pieces {
      switch piece {
      case .mark(let mark):
        guard rest.popFirst() == mark else { return nil }
      case .slot(let slot):
        guard let value = slot.take(from: &rest) else { return nil }
        guard filling[slot] == nil || filling[slot] == value else { return nil }
        filling[slot] = value
      }
    }
    return rest.isEmpty ? filling : nil
  }
}

/// What is in the slots of a sentence.
typealias Filling = [Slot: String]

/// A place in a sentence, and what may stand there.
enum Slot: String, Sendable {
  /// One word of letters.
  case word
  /// One word of letters that only adds colour.
  case things
  /// A single letter.
  case letter
  /// A whole number, the first and the second.
  case a, b
  /// Words or numbers with commas between them, at least three.
  case words, numbers
  /// Several words with nothing but spaces between them, at least two.
  case sentence
  case day, month

  /// Takes as much from the front as belongs to the slot; nil if what stands there does not fit.
  func take(from rest: inout ArraySlice<String>) -> String? {
    switch self {
    case .word, .things: Self.one(from: &rest, where: isWord)
    case .letter: Self.one(from: &rest) { isWord($0) && $0.count == 1 }
    case .a, .b: Self.one(from: &rest, where: isNumber)
    case .day: Self.one(from: &rest) { Words.days.contains($0) }
    case .month: Self.one(from: &rest) { Words.months.contains($0) }
    case .words: Self.list(from: &rest, where: isWord)
    case .numbers: Self.list(from: &rest, where: isNumber)
    case .sentence: Self.run(from: &rest)
    }
  }

  private static func one(
    from rest: inout ArraySlice<String>, where fits: (String) -> Bool
  ) -> String? {
    guard let first = rest.first, fits(first) else { return nil }
    return rest.popFirst()
  }

  private static func list(
    from rest: inout ArraySlice<String>, where fits: (String) -> Bool
  ) -> String? {
    var items: [String] = []
    while let item = one(from: &rest, where: fits) {
      items.append(item)
      guard rest.first == "," else { break }
      rest.removeFirst()
    }
    return items.count >= 3 ? items.joined(separator: ", ") : nil
  }

  private static func run(from rest: inout ArraySlice<String>) -> String? {
    let words = Array(rest.prefix(while: isWord))
    rest = rest.dropFirst(words.count)
    return words.count >= 2 ? words.joined(separator: " ") : nil
  }
}

/// Cuts a text into lower-case words, numbers and single punctuation marks. Punctuation that ends
/// the text is dropped. Characters in `wordly` count as letters.
func marks(_ text: String, keeping wordly: String = "") -> [String] {
  var found: [String] = []
  var current = ""
  for character in text.lowercased() {
    let belongs = character.isLetter || character.isNumber || wordly.contains(character)
    if belongs {
      current.append(character)
      continue
    }
    if !current.isEmpty { found.append(current) }
    current = ""
    if !character.isWhitespace { found.append(String(character)) }
  }
  if !current.isEmpty { found.append(current) }
  while let last = found.last, ".?!".contains(last) { found.removeLast() }
  return found
}

/// Whether `mark` consists of the letters a to z.
func isWord(_ mark: String) -> Bool {
  !mark.isEmpty && mark.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
}

/// Whether `mark` is a whole number of at most six digits, so that sums cannot overflow.
func isNumber(_ mark: String) -> Bool {
  (1...6).contains(mark.utf8.count)
    && mark.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
}
