import Foundation
import Tensor
import Testing

struct TokenWeightsTests {
  /// exp((logit − largest) / temperature) in double precision.
  private func plainWeights(_ logits: [Float], _ temperature: Double) -> [Double] {
    let largest = Double(logits.max() ?? 0)
    return logits.map { exp((Double($0) - largest) / temperature) }
  }

  /// The share of an even sweep of draws that each token gets.
  private func shares(_ count: Int, of draws: Int, _ draw: (Float) -> Int32) -> [Double] {
    var found = [Double](repeating: 0, count: count)
    for step in 0..<draws { found[Int(draw((Float(step) + 0.5) / Float(draws)))] += 1 }
    return found.map { $0 / Double(draws) }
  }

  private func expectShares(_ found: [Double], _ expected: [Double]) {
    let total = expected.reduce(0, +)
    for (a, b) in zip(found, expected) { #expect(abs(a - b / total) < 2e-3) }
  }

  @Test(arguments: [3, 255, 256, 700], [Float(0.7), 1.5])
  func `tokens are drawn as often as soft-max says`(count: Int, temperature: Float) {
    var numbers = Numbers(91)
    let logits = numbers.matrix(1, count)
    let weights = TokenWeights(logits, row: 0, temperature: temperature)
    expectShares(
      shares(count, of: 20_000) { weights.draw($0) },
      plainWeights(logits.values, Double(temperature)))
  }

  struct Cut: Sendable {
    var topK = 0
    var topP: Float = 1
    var minP: Float = 0
  }

  @Test(arguments: [
    Cut(topK: 1), Cut(topK: 5), Cut(topP: 0.5), Cut(minP: 0.2), Cut(topK: 20, topP: 0.6),
    Cut(topP: 0.7, minP: 0.3), Cut(topK: 1000, topP: 0.9, minP: 0.01),
  ])
  func `only tokens that pass are drawn`(cut: Cut) {
    var numbers = Numbers(92)
    let logits = numbers.matrix(1, 300)
    Rowwise.add(logits.copy(), to: logits, scale: 3, on: oneThread)
    let plain = plainWeights(logits.values, 0.8)
    var order = plain.indices.filter { plain[$0] >= Double(cut.minP) }
    order.sort { plain[$0] > plain[$1] }
    if cut.topK > 0 { order = Array(order.prefix(cut.topK)) }
    let total = order.reduce(0) { $0 + plain[$1] }
    var sum = 0.0
    order = Array(
      order.prefix { token in
        defer { sum += plain[token] }
        return sum < Double(cut.topP) * total
      })
    var expected = [Double](repeating: 0, count: 300)
    for token in order { expected[token] = plain[token] }
    let weights = TokenWeights(logits, row: 0, temperature: 0.8)
    let found = shares(300, of: 20_000) {
      weights.draw($0, topK: cut.topK, topP: cut.topP, minP: cut.minP)
    }
    expectShares(found, expected)
    #expect(found.count { $0 > 0 } <= order.count)
  }

  @Test
  func `certainty, equality and the ends of the range`() {
    let sure = Matrix(rows: 2, columns: 600)
    sure[1, 517] = 200
    let certain = TokenWeights(sure, row: 1, temperature: 1)
    let even = TokenWeights(sure, row: 0, temperature: 1)
    for share: Float in [0, 0.5, 0.99999994] {
      #expect(certain.draw(share) == 517)
      #expect(certain.draw(share, topK: 3, topP: 0.9, minP: 0) == 517)
      #expect(even.draw(share) == Int32(Double(share) * 600))
    }
    #expect(even.draw(0, topK: 2, topP: 1, minP: 0) == 599)
    #expect(even.draw(0.9, topK: 2, topP: 1, minP: 0) == 598)
  }

  @Test
  func `the first of the largest is found`() {
    var numbers = Numbers(93)
    for count in [1, 5, 16, 40] {
      let row = numbers.matrix(1, count)
      let largest = row.values.max() ?? 0
      #expect(
        Rowwise.largest(in: row, row: 0) == row.values.firstIndex(of: largest).map { Int32($0) })
      row[0, count - 1] = 2
      row[0, count / 2] = 2
      #expect(Rowwise.largest(in: row, row: 0) == Int32(count / 2))
    }
  }
}
