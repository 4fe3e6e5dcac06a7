/// Takes from a text the words that say what it is about.
public enum Keywords {
  /// The words of `text` in the order of their first use, in lower case, each once.
  ///
  /// A word is a run of at least three letters, with apostrophes inside. Left out are words that
  /// every text has, and words that are written with a capital inside a sentence and nowhere
  /// without: names.
  public static func extract(from text: String) -> [String] {
    let tokens = tokens(of: text)
    let plain = Set(tokens.filter { !$0.isCapitalised }.map(\.word))
    let names = Set(tokens.filter { $0.isCapitalised && !$0.opensSentence }.map(\.word))
    var seen: Set<String> = []
    return tokens.map(\.word).filter { word in
      lengths.contains(word.count) && !stopwords.contains(word)
        && (plain.contains(word) || !names.contains(word)) && seen.insert(word).inserted
    }
  }

  /// `count` of the words, in random order; nil if there are not as many.
  public static func choose(
    _ count: Int, from words: [String], using random: inout some RandomNumberGenerator
  ) -> [String]? {
    guard words.count >= count else { return nil }
    var words = words
    for place in 0..<count {
      words.swapAt(place, Int.random(in: place..<words.count, using: &random))
    }
    return Array(words.prefix(count))
  }

  /// Longer runs of letters are no words, or text that is written without spaces.
  private static let lengths = 3...24

  private struct Token {
    /// In lower case, without apostrophes around it and without an 's at its end.
    var word: String
    var isCapitalised: Bool
    var opensSentence: Bool
  }

  private static func tokens(of text: String) -> [Token] {
    var found: [Token] = []
    var current = ""
    var opensSentence = true
    for character in text + " " {
      if character.isLetter || character == "'" || character == "’" {
        current.append(character == "’" ? "'" : character)
        continue
      }
      if let token = token(current, opensSentence: opensSentence) {
        found.append(token)
        opensSentence = false
      }
      if endsSentence(character) {
        opensSentence = character != "." || !titles.contains(current.lowercased())
      }
      current = ""
    }
    return found
  }

  private static func token(_ raw: String, opensSentence: Bool) -> Token? {
    var word = raw[...]
    while word.first == "'" { word.removeFirst() }
    while word.last == "'" { word.removeLast() }
    guard let first = word.first else { return nil }
    var plain = word.lowercased()
    if plain.hasSuffix("'s") { plain.removeLast(2) }
    return Token(word: plain, isCapitalised: first.isUppercase, opensSentence: opensSentence)
  }

  private static func endsSentence(_ character: Character) -> Bool {
    ".!?:;\"“”«»()\n".contains(character)
  }

  /// Their full stop does not end a sentence.
  private static let titles: Set = ["mr", "mrs", "ms", "dr", "st", "prof", "jr", "sr"]

  private static let stopwords = Set(
    """
    about above across after again against all almost along already also although always among and
    another any anybody anyone anything are aren't around because been before behind being below
    between both but came can can't cannot come comes could couldn't did didn't does doesn't doing
    don't done down during each either else enough even ever every everyone everything few for from
    further get gets getting got had hadn't has hasn't have haven't having her here hers herself him
    himself his how however i'd i'll i'm i've if into isn't it's its itself just least less let let's
    like made make many may maybe me might more most much must my myself near need neither never no
    nobody none nor not nothing now off often once one only onto other others our ours ourselves out
    over own per perhaps please put quite rather really said same say says see seem seems several she
    should shouldn't since some somebody someone something sometimes still such than that that's the
    their theirs them themselves then there there's these they they'd they'll they're they've thing
    things this those though through thus till too toward towards under until upon use used using
    very was wasn't way well went were weren't what when where whether which while who whom whose why
    will with within without won't would wouldn't yes yet you you'd you'll you're you've your yours
    yourself
    """.split { $0 == " " || $0 == "\n" }.map(String.init))
}
