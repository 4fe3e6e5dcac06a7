internal import Corpus

/// Why a pair was not kept.
public enum PairRefusal: String, CaseIterable, Codable, Sendable {
  case noLead = "no_lead"
  case equalAnswers = "equal_answers"
  case emptyAnswer = "empty_answer"
  case repetitiveChosen = "repetitive_chosen"
  case repetitiveRejected = "repetitive_rejected"
  case missingAnswer = "missing_answer"
}

/// Keeps a pair if the rewrite really wins and neither text goes in circles (paper section 2.2).
struct PairFilter {
  /// Score that the chosen answer must lead by; nil keeps every pair that is a pair.
  let threshold: Double?
  let repetitionLimit: Double

  func refusal(
    chosen: String, rejected: String, scores: (chosen: Double, rejected: Double)
  ) -> PairRefusal? {
    if chosen.isEmpty || rejected.isEmpty { return .emptyAnswer }
    if chosen == rejected { return .equalAnswers }
    if let threshold, !(scores.chosen - scores.rejected > threshold) { return .noLead }
    if Repetition.share(of: chosen) > repetitionLimit { return .repetitiveChosen }
    if Repetition.share(of: rejected) > repetitionLimit { return .repetitiveRejected }
    return nil
  }
}
