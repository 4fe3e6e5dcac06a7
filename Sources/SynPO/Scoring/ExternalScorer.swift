internal import Foundation

/// A scorer in a program of its own.
///
/// A line in: `{"answers": ["…", "…"], "prompt": "…"}`; a line out: `{"scores": [0.5, 1.25]}`, a
/// number for each answer, the higher the better.
struct ExternalScorer: AnswerScorer {
  let name = ScorerName.external
  let threshold: Double
  let program: ExternalProgram

  static let defaultThreshold = 0.0

  func scores(_ items: [ScoringItem]) throws -> [[Double]] { try items.map(scores) }

  private func scores(_ item: ScoringItem) throws -> [Double] {
    let question = Question(prompt: item.prompt, answers: item.answers)
    let line = try program.reply(to: sortedJSON(question))
    guard let reply = try? JSONDecoder().decode(Reply.self, from: Data(line)) else {
      throw failure(.garbage(line: String(decoding: line.prefix(200), as: UTF8.self)))
    }
    guard reply.scores.count == item.answers.count else {
      throw failure(.wrongCount(expected: item.answers.count, found: reply.scores.count))
    }
    return reply.scores
  }

  private func failure(_ problem: ScorerProblem) -> SynPOError {
    .scorer(command: program.name, problem: problem, lastWords: "")
  }

  private struct Question: Encodable {
    let prompt: String
    let answers: [String]
  }

  private struct Reply: Decodable {
    let scores: [Double]
  }
}
