import Foundation
import Tensor
import Testing

struct AdamWTests {
  @Test(arguments: [1, 33, 70000])
  func `steps follow the formula`(count: Int) {
    var numbers = Numbers(61)
    let p = numbers.matrix(1, count)
    let (m, v) = (Matrix(rows: 1, columns: count), Matrix(rows: 1, columns: count))
    var (p0, m0, v0) = (Exact(p), Exact(m), Exact(v))
    for step in 1...5 {
      let gradient = numbers.matrix(1, count)
      Rowwise.adamW(
        parameters: p, gradient: gradient, m: m, v: v, learningRate: 0.003, beta1: 0.9,
        beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, step: step, gradientScale: 0.5,
        on: twoThreads)
      for i in 0..<count {
        let g = Double(gradient[0, i]) * 0.5
        m0[0, i] = 0.9 * m0[0, i] + 0.1 * g
        v0[0, i] = 0.999 * v0[0, i] + 0.001 * g * g
        let mean = m0[0, i] / (1 - pow(0.9, Double(step)))
        let square = v0[0, i] / (1 - pow(0.999, Double(step)))
        p0[0, i] *= 1 - 0.003 * 0.1
        p0[0, i] -= 0.003 * mean / (square.squareRoot() + 1e-8)
      }
      #expect(difference(p, p0) < 1e-6)
      #expect(difference(m, m0) < 1e-6)
      #expect(difference(v, v0) < 1e-6)
    }
  }

  @Test
  func `a first step moves by the learning rate`() {
    let p = Matrix(rows: 1, columns: 2)
    let (m, v) = (Matrix(rows: 1, columns: 2), Matrix(rows: 1, columns: 2))
    Rowwise.adamW(
      parameters: p, gradient: Matrix(rows: 1, columns: 2, values: [5, -0.25]), m: m, v: v,
      learningRate: 0.01, beta1: 0.9, beta2: 0.95, epsilon: 0, weightDecay: 0, step: 1,
      gradientScale: 1, on: oneThread)
    #expect(abs(p[0, 0] + 0.01) < 1e-8)
    #expect(abs(p[0, 1] - 0.01) < 1e-8)
  }
}
