internal import Tensor

extension LanguageModel {
  /// The log-probability of every token of every answer after its prompt, one array an answer.
  ///
  /// Prompts are computed once for all their answers; no buffer of tokens × vocabulary exists.
  /// With `.rowwise` arithmetic an answer's numbers do not depend on what else is in the batch.
  public func logProbabilities(
    _ items: [(prompt: [Int32], answers: [[Int32]])], adapter: Adapter? = nil,
    arithmetic: Arithmetic = .rowwise
  ) -> [[Float]] {
    var batch = TokenBatch()
    for item in items { batch.add(prompt: item.prompt, answers: item.answers) }
    let pass = BatchPass(
      batch, model: self, adapter: adapter, arithmetic: arithmetic, keeping: .nothing)
    var perAnswer = [[Float]](repeating: [], count: batch.answers)
    for (token, value) in zip(batch.scored, pass.logProbabilities) {
      perAnswer[token.answer].append(value)
    }
    return perAnswer
  }
}
