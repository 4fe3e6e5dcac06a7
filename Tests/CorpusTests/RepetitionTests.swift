import Foundation
import TestSupport
import Testing

@testable import Corpus

struct `Repetition in a text` {
  @Test(arguments: [
    "", "yes", "no no no no no", "the cat the cat the cat", "12, 12, 12", "apple, banana, cherry",
    "The sum of two and two is four, and the sum of three and three is six.",
  ])
  func `raises no alarm over short answers`(text: String) {
    #expect(Repetition.share(of: text) < Repetition.defaultLimit)
  }

  @Test(arguments: [
    String(repeating: "a", count: 200), String(repeating: "ha", count: 100),
    String(repeating: "I am sorry. ", count: 20),
    "The answer is simple: " + String(repeating: "and then we go on ", count: 30),
    "One two three four five six seven. " + String(repeating: "yes ", count: 20),
  ])
  func `finds what goes in circles`(text: String) {
    #expect(Repetition.share(of: text) > 0.7)
  }

  @Test func `counts windows as the definition says`() {
    // 60 times "a": one window, which occurs 51 times.
    #expect(Repetition.windowShare(Array(repeating: 97, count: 60)) == 1)
    // 0...59 and again 0...19: of 71 windows 60 differ, 11 of them occur twice; 7 of these count.
    let text = (0..<60).map { UInt32($0) } + (0..<20).map { UInt32($0) }
    #expect(abs(Repetition.windowShare(text) - 14.0 / 71) < 1e-12)
  }

  @Test func `counts sequences of four words as the definition says`() {
    let words = "a b c d e f g h a b c d e".split(separator: " ")
    #expect(abs(Repetition.fourWordShare(words) - 0.2) < 1e-12)  // 2 of 10 occurred before
  }

  @Test func `counts a loop at the end, whole and from three rounds on`() {
    let twice = "a b c d e x y x y".split(separator: " ")
    #expect(Repetition.loopShare(twice, fewest: 8) == 0)
    let thrice = "a b c d x y x y x y".split(separator: " ")
    #expect(abs(Repetition.loopShare(thrice, fewest: 8) - 0.6) < 1e-12)
  }

  @Test(.enabled(if: Shared.isPresent))
  func `finds none in what people wrote`() throws {
    let text = try String(
      contentsOfFile: Shared.path("data/tinystories-sample/tinystories.txt"), encoding: .utf8)
    let stories = text.split(separator: "\n\n").map(String.init)
    #expect(stories.count > 100)
    #expect(stories.allSatisfy { Repetition.share(of: $0) < 0.3 })
  }
}
