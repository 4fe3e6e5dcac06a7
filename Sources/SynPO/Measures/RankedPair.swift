internal import Exercises

/// Two answers to a prompt with a scorer's word on them.
struct RankedPair {
  let prompt: String
  let answers: (String, String)
  let scores: [Double]
}

extension Agreement {
  /// The agreement with the exact checker, over the pairs of which it holds one answer right and the
  /// other wrong; nil where there is none.
  init?(of pairs: [RankedPair], seed: UInt64) {
    let ranked = pairs.compactMap { pair -> (Double, Double, Int, Int)? in
      let (first, second) = pair.answers
      guard let one = ExactChecker.check(prompt: pair.prompt, answer: first),
        let other = ExactChecker.check(prompt: pair.prompt, answer: second),
        (one == .correct) != (other == .correct)
      else { return nil }
      return one == .correct
        ? (pair.scores[0], pair.scores[1], first.count, second.count)
        : (pair.scores[1], pair.scores[0], second.count, first.count)
    }
    self.init(
      ranked.map { (scores: (better: $0.0, worse: $0.1), lengths: (better: $0.2, worse: $0.3)) },
      seed: seed)
  }
}
