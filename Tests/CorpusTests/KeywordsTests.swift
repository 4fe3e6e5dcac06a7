import Testing

@testable import Corpus

struct `Keywords of a text` {
  @Test func `are the words that not every text has, in order, each once`() {
    let text = "How would you repair an old clock? The clock, I think, needs oil and patience."
    #expect(
      Keywords.extract(from: text)
        == ["repair", "old", "clock", "think", "needs", "oil", "patience"])
  }

  @Test func `do not contain names`() {
    let text = "In spring Lily saw a needle. Lily asked Mr. Brown about NASA. Rivers rose."
    #expect(Keywords.extract(from: text) == ["spring", "saw", "needle", "asked", "rivers", "rose"])
  }

  @Test func `keep a word that is a name only now and then`() {
    #expect(Keywords.extract(from: "We saw a rose. They met Rose.").contains("rose"))
  }

  @Test func `have no apostrophes around them, and no plain letters or digits`() {
    let text = "the 'quoted' dog's o’clock bell, x42 b2b and don't 1999 it"
    #expect(Keywords.extract(from: text) == ["quoted", "dog", "o'clock", "bell"])
  }

  @Test func `do not come from text that is written without spaces`() {
    #expect(Keywords.extract(from: String(repeating: "字", count: 400)).isEmpty)
    #expect(Keywords.extract(from: "").isEmpty)
  }

  @Test func `are chosen at random, without repetition, from all of them`() {
    var dice = Dice(state: 1)
    let words = ["a", "b", "c", "d", "e"]
    var seen: Set<[String]> = []
    for _ in 0..<2_000 {
      let chosen = Keywords.choose(3, from: words, using: &dice) ?? []
      #expect(Set(chosen).count == 3)
      seen.insert(chosen)
    }
    #expect(seen.count == 60)
    #expect(Keywords.choose(6, from: words, using: &dice) == nil)
    #expect(Keywords.choose(0, from: [], using: &dice) == [])
  }
}

/// A repeatable source of random numbers: splitmix64.
struct Dice: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
