import Tokenization

/// The text of an answer as its tokens come, ended by the first stop string.
///
/// Text that may still turn out to begin a stop string is held back.
struct AnswerText: Sendable {
  private(set) var isStopped = false
  private var decoder: StreamingDecoder
  private let stops: [String]
  private var held = ""

  init(_ tokenizer: Tokenizer, stops: [String]) {
    decoder = StreamingDecoder(tokenizer, skipSpecial: true)
    self.stops = stops
  }

  /// The text that is certain once `token` has come.
  mutating func append(_ token: Int32) -> String { take(decoder.append(token)) }

  /// What was held back, once no more tokens come.
  mutating func finish() -> String {
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
