/// The text of an answer as its tokens come, ended by the first stop string.
///
/// Text that may still turn out to begin a stop string is held back.
public struct AnswerText: Sendable {
  public private(set) var isStopped = false
  private var decoder: StreamingDecoder
  private let stops: [String]
  private var held = ""

  public init(_ tokenizer: Tokenizer, stops: [String]) {
    decoder = StreamingDecoder(tokenizer, skipSpecial: true)
    self.stops = stops
  }

  /// The text of all of an answer's tokens.
  public static func whole(
    _ tokens: [Int32], _ tokenizer: Tokenizer, stops: [String]
  ) -> String {
    var text = AnswerText(tokenizer, stops: stops)
    let parts = tokens.map { text.append($0) }
    return parts.joined() + text.finish()
  }

  /// The text that is certain once `token` has come.
  public mutating func append(_ token: Int32) -> String { take(decoder.append(token)) }

  /// What was held back, once no more tokens come.
  public mutating func finish() -> String {
    let last = take(decoder.finish()) + held
    held = ""
    return last
  }

  private mutating func take(_ new: String) -> String {
    guard !isStopped else { return "" }
    held += new
    if let place = stops.compactMap({ held.firstRange(of: $0)?.lowerBound }).min() {
      isStopped = true
      defer { held = "" }
      return String(held[..<place])
    }
    let certain = held.dropLast(longestBeginning)
    held = String(held.dropFirst(certain.count))
    return String(certain)
  }

  /// Characters at the end of `held` that a stop string begins with.
  private var longestBeginning: Int {
    let longest = stops.map { $0.count - 1 }.max() ?? 0
    for count in stride(from: min(longest, held.count), to: 0, by: -1) {
      let end = held.suffix(count)
      if stops.contains(where: { $0.hasPrefix(end) }) { return count }
    }
    return 0
  }
}

/// Texts that end an answer as soon as its tokens complete one of them.
public struct StopStrings: Sendable {
  private let tokenizer: Tokenizer
  private let stops: [String]
  /// In bytes.
  private let longest: Int

  /// Nil where there is nothing to look for.
  public init?(_ stops: [String], tokenizer: Tokenizer) {
    guard let longest = stops.map(\.utf8.count).max() else { return nil }
    self.tokenizer = tokenizer
    self.stops = stops
    self.longest = longest
  }

  /// Whether one of the texts lies in the last tokens, of which each is a byte at least.
  public func end(_ tokens: [Int32]) -> Bool {
    let tail = tokenizer.decode(tokens.suffix(longest + 1), skipSpecial: true)
    return stops.contains { tail.contains($0) }
  }
}
