import Testing

@testable import Tokenization

struct AnswerTextTests {
  /// What stands before the stop string that is complete first.
  private func plain(_ text: String, _ stops: [String]) -> (text: String, isStopped: Bool) {
    for count in 0...text.count {
      let beginning = text.prefix(count)
      if let place = stops.compactMap({ beginning.firstRange(of: $0)?.lowerBound }).min() {
        return (String(beginning[..<place]), true)
      }
    }
    return (text, false)
  }

  @Test(arguments: [
    ["ab"], ["ba", "aab"], ["abab"], ["b b", "aaa"], ["é"], ["x"], ["abcd", "bc"], [" "],
    ["bbbbbbbb"],
  ])
  func `an answer ends before the first stop string, however it comes`(stops: [String]) throws {
    let tokenizer = try small()
    let end = try #require(StopStrings(stops, tokenizer: tokenizer))
    for seed in 0..<200 {
      let letters = Array("ab cdé")
      let text = String((0..<seed % 23).map { letters[(seed * 31 + $0 * $0 * 7 + $0) % 6] })
      let expected = plain(text, stops)
      // As the tokenizer cuts it, and byte by byte.
      for tokens in [tokenizer.encode(text), text.utf8.map { tokenizer.byteIDs[Int($0)] }] {
        #expect(AnswerText.whole(tokens, tokenizer, stops: stops) == expected.text, "\(text)")
        let stopped = tokens.indices.first { end.end(Array(tokens[...$0])) }
        #expect((stopped != nil) == expected.isStopped, "\(text)")
      }
    }
  }

  @Test func `what may begin a stop string is held back until it is certain`() throws {
    let tokenizer = try small()
    var text = AnswerText(tokenizer, stops: ["###", "#!"])
    func add(_ piece: String) -> String {
      piece.utf8.map { text.append(tokenizer.byteIDs[Int($0)]) }.joined()
    }
    #expect(add("a#") == "a")
    #expect(add("#") == "")
    #expect(add("b") == "##b")
    #expect(add("c#!d") == "c")
    #expect(text.isStopped && text.finish() == "")
  }

  @Test func `signs are no part of an answer, and no stops are none`() throws {
    let tokenizer = try small()
    #expect(AnswerText.whole([261, 256, 262], tokenizer, stops: []) == "ab")
    #expect(StopStrings([], tokenizer: tokenizer) == nil)
  }
}
