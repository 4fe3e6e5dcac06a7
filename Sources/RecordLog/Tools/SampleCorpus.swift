/// JSON records as a synthetic corpus has them, all from a seed: what benchmarks run on.
public struct SampleCorpus: Sendable {
  public enum Kind: String, CaseIterable, Sendable {
    /// Prompts of about 200 bytes.
    case prompts
    /// Preference pairs of about 1 KB.
    case pairs1k
    /// Preference pairs of about 4 KB.
    case pairs4k
  }

  /// All records, each a line.
  public private(set) var bytes: [UInt8] = []
  /// Where each record ends in ``bytes``.
  public private(set) var ends: [Int] = []
  private var random: SeededGenerator
  private let words: [String]

  /// - Parameter size: about how many bytes.
  public init(_ kind: Kind, seed: UInt64, size: Int) {
    random = SeededGenerator(seed: seed)
    words = Self.vocabulary(&random)
    bytes.reserveCapacity(size + 8192)
    while bytes.count < size {
      let id = ends.count
      switch kind {
      case .prompts: add(#"{"id":\#(id),"prompt":"\#(text(170))"}"#)
      case .pairs1k: add(pair(id, prompt: 150, answer: 380))
      case .pairs4k: add(pair(id, prompt: 400, answer: 1750))
      }
    }
  }

  /// The bytes of record `index`, lent.
  @_lifetime(borrow self)
  public func record(_ index: Int) -> RawSpan {
    let piece = bytes.rawSpan.extracting((index > 0 ? ends[index - 1] : 0)..<ends[index])
    return unsafe _overrideLifetime(piece, borrowing: self)
  }

  private mutating func add(_ line: String) {
    bytes += Array(line.utf8)
    bytes.append(newline)
    ends.append(bytes.count)
  }

  private mutating func pair(_ id: Int, prompt: Int, answer: Int) -> String {
    let score = Double(random.next() >> 44) / 1_048_576
    let texts = [text(prompt), text(answer), text(answer)]
    return #"{"id":\#(id),"prompt":"\#(texts[0])","chosen":"\#(texts[1])","#
      + #""rejected":"\#(texts[2])","margin":\#(score)}"#
  }

  /// Words up to about `size` bytes; frequent ones are much more frequent, as in a language.
  private mutating func text(_ size: Int) -> String {
    var text = ""
    var count = 0
    while count < size {
      let share = Double(random.next() >> 11) / 9_007_199_254_740_992
      let word = words[Int(share * share * share * Double(words.count))]
      text += word
      text += " "
      count += word.utf8.count + 1
    }
    return text
  }

  private static func vocabulary(_ random: inout SeededGenerator) -> [String] {
    let syllables = ["ba", "ken", "ti", "or", "sul", "me", "ra", "ving", "lo", "st", "ed", "qua"]
    return (0..<8000).map { _ in
      (0...Int.random(in: 0...3, using: &random)).map { _ in
        syllables[Int.random(in: 0..<syllables.count, using: &random)]
      }.joined()
    }
  }
}
