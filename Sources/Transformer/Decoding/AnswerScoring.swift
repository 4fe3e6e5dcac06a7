public import Tensor

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

extension LanguageModel {
  /// The log-probability of every token of an answer, read through a key-value cache as a generator
  /// reads: what rounding in the cache costs shows in it. Prompt and answer are not empty.
  ///
  /// In float32 they are those of ``logProbabilities(_:adapter:arithmetic:)``, to the bit.
  public func logProbabilities(
    of answer: [Int32], after prompt: [Int32], cache precision: KeyValueCache.Precision,
    adapter: Adapter? = nil
  ) -> [Float] {
    precondition(!prompt.isEmpty && !answer.isEmpty, "nothing to be scored")
    let tokens = prompt + answer.dropLast()
    let adapter = adapter?.readyToRead()
    let pages = KeyValueCache.pages(for: tokens.count)
    let cache = makeCache(pages: pages, precision: precision)
    return stride(from: 0, to: tokens.count, by: BatchPass.chunk).flatMap { first in
      let piece = first..<min(first + BatchPass.chunk, tokens.count)
      var rows = DecodingRows()
      rows.append(Array(tokens[piece]), position: first, pages: (0..<pages).map { Int32($0) })
      let scored = piece.clamped(to: prompt.count - 1..<tokens.count)
      let hidden = decode(rows, cache: cache, adapter: adapter, wanted: scored.map { $0 - first })
      let targets = scored.map { answer[$0 - prompt.count + 1] }
      return targets.isEmpty
        ? [] : Rowwise.logProbabilities(logits(hidden), targets: targets, on: workers)
    }
  }
}
