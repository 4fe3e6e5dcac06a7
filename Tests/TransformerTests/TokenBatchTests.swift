import ModelFile
import Tensor
import Testing
import Transformer

struct TokenBatchTests {
  private static let stem: [Int32] = [1, 4, 2, 3]
  private static let prompts: [[Int32]] = [[1, 4, 2, 3, 7], [1, 4, 2, 3, 5, 9, 8]]
  private static let answers: [[[Int32]]] = [[[6, 5], [3]], [[2, 4, 6], [10, 3, 1]]]

  private func batch(stem: ArraySlice<Int32>) -> TokenBatch {
    var batch = TokenBatch(stem: stem)
    for (prompt, answers) in zip(Self.prompts, Self.answers) {
      batch.add(prompt: prompt, answers: answers)
    }
    return batch
  }

  @Test func `what all prompts begin with takes rows once`() {
    let (apart, together) = (batch(stem: []), batch(stem: Self.stem[...]))
    #expect(apart.rows == 5 + 1 + 7 + 2 + 2)
    #expect(together.rows == apart.rows - 4)
    #expect(together.ids == [1, 4, 2, 3, 7, 6, 5, 9, 8, 2, 4, 10, 3])
    #expect(together.positions == [0, 1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 7, 8])
    #expect(together.prompts == 2 && together.answers == 4)
    #expect(together.scored.map(\.target) == apart.scored.map(\.target))
    #expect(together.scored.map(\.answer) == apart.scored.map(\.answer))
    #expect(together.scored.map(\.row) == [4, 5, 4, 8, 9, 10, 8, 11, 12])
  }

  @Test(arguments: [nil, 3])
  func `a stem read once gives the numbers and gradients of one read for each prompt`(
    window: Int?
  ) {
    let shape = ModelShape(
      architecture: .llama, layers: 2, width: 8, feedForward: 12, heads: 4, keyValueHeads: 2,
      headSize: 4, vocabulary: 11, context: 32, normEpsilon: 1e-5, ropeBase: 100,
      slidingWindow: window)
    let model = LanguageModel(
      shape: shape, weights: ModelWeights(initial: shape, hasOwnOutput: true, seed: 3),
      metadata: Metadata(), fingerprint: "small", workers: Workers(threads: 2))
    func found(_ batch: TokenBatch) -> (values: [Float], gradients: Gradients) {
      let pass = BatchPass(batch, model: model)
      let gradients = Gradients(for: model.weights.parameters)
      pass.backward(slopes: batch.scored.map { Float($0.answer) - 1.5 }, into: gradients)
      return (pass.logProbabilities, gradients)
    }
    let (apart, together) = (found(batch(stem: [])), found(batch(stem: Self.stem[...])))
    #expect(largestDifference(apart.values, together.values) < 1e-5)
    for (name, _) in model.weights.parameters {
      let expected = apart.gradients[name]?.values ?? []
      let size = expected.map(\.magnitude).max() ?? 0
      #expect(size > 0, "\(name)")
      #expect(
        largestDifference(expected, together.gradients[name]?.values ?? []) < 1e-4 * size, "\(name)"
      )
    }
  }
}
