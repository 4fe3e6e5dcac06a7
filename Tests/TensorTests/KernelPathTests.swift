import CKernels
import Tensor
import Testing

/// Every path against the portable one, to the bit. One test at a time: the path is a setting of
/// the whole process. (Other suites may run meanwhile; their results do not depend on it.)
@Suite(.serialized)
struct KernelPathTests {
  static let others = KernelPath.allCases.filter { $0 != .portable && $0.isSupported }

  private func results(_ work: () -> [UInt32], on path: KernelPath) -> [UInt32] {
    let before = KernelPath.selected
    path.select()
    defer { before.select() }
    return work()
  }

  private func expectEqual(_ path: KernelPath, _ work: () -> [UInt32]) {
    let found = results(work, on: path)
    #expect(!found.isEmpty)
    #expect(found == results(work, on: .portable))
  }

  @Test(arguments: others, WeightMatrixTests.shapes)
  func `products`(path: KernelPath, shape: WeightMatrixTests.Shape) {
    var numbers = Numbers(81)
    let x = numbers.matrix(13, shape.columns)
    let weights = WeightMatrixTests.weights(shape)
    for rows in 1...13 {
      let part = Matrix(rows: rows, columns: shape.columns)
      part.copyRows(0..<rows, of: x, to: 0)
      for (weights, _) in weights {
        expectEqual(path) {
          let y = Matrix(rows: rows, columns: shape.rows)
          weights.product(part, into: y, on: oneThread)
          return bits(y)
        }
      }
    }
  }

  @Test(arguments: others)
  func `products with 16 bits of x`(path: KernelPath) {
    var numbers = Numbers(88)
    let weights = WeightMatrix.panels(PanelMatrix(quantizing: numbers.matrix(70, 100)))
    let x = numbers.matrix(7, 100)
    for column in 0..<32 { (x[2, column], x[3, column]) = (x[2, column] * 1e-32, 0) }
    expectEqual(path) {
      let y = Matrix(rows: 7, columns: 70)
      WeightMatrix.trainingProducts(x, [(weights, y, true)], on: oneThread)
      return bits(y)
    }
  }

  @Test(arguments: others)
  func `products on the way back`(path: KernelPath) {
    var numbers = Numbers(84)
    let tiny = numbers.matrix(70, 100)
    for column in 0..<100 { tiny[3, column] *= 1e-9 }
    for column in 0..<32 { tiny[40, column] = 1e4 }
    let weights = WeightMatrix.panels(PanelMatrix(quantizing: tiny))
    let dy = numbers.matrix(7, 70)
    expectEqual(path) {
      let dx = Matrix(rows: 7, columns: 100)
      weights.addTurnedProduct(dy, into: dx, on: oneThread)
      return bits(dx)
    }
  }

  @Test(arguments: others)
  func `products of extreme codes`(path: KernelPath) throws {
    // Every code is −128 or 127, every activation the largest of its block.
    var numbers = Numbers(82)
    var blocks: [UInt8] = []
    for block in 0..<64 * 3 {
      blocks += [0, 0x3c]
      blocks += (0..<32).map { _ in block % 3 == 0 || numbers.next() < 0 ? 0x80 : 0x7f }
    }
    let panels = PanelMatrix.panels(fromQ8_0: blocks, rows: 64, columns: 96)
    let weights = try WeightMatrix.panels(PanelMatrixTests.mapped(panels, rows: 64, columns: 96))
    let x = Matrix(
      rows: 8, columns: 96,
      values: (0..<8 * 96).map { $0 < 96 ? 1 : $0 < 192 ? -1 : numbers.next() < 0 ? -1 : 1 })
    expectEqual(path) {
      let y = Matrix(rows: 8, columns: 64)
      weights.product(x, into: y, on: oneThread)
      return bits(y)
    }
  }

  @Test(arguments: others)
  func `quantised activations`(path: KernelPath) {
    var numbers = Numbers(83)
    let x = numbers.matrix(4, 100)
    let special: [Float] = [1e-35, .infinity, 1e38, -0.0, 0.5, 1.5]
    for (index, value) in special.enumerated() { x[index % 4, index * 17] = value }
    for column in 0..<100 { x[3, column] = Float(column % 21) / 2 + (column % 32 == 0 ? 127 : 0) }
    expectEqual(path) {
      var codes = [Int8](repeating: 99, count: 4 * 128)
      var scales = [Float](repeating: 99, count: 16)
      var corrections = [Int32](repeating: 99, count: 16)
      x.withValues {
        $0.withUnsafeBufferPointer {
          ck_quantize_rows($0.baseAddress, 100, 4, 100, &codes, &scales, &corrections)
        }
      }
      return codes.map { UInt32(UInt8(bitPattern: $0)) } + scales.map(\.bitPattern)
        + corrections.map { UInt32(bitPattern: $0) }
    }
  }

  @Test(arguments: others, [1, 16, 37, 500])
  func `soft-max by pieces, and rounding to bfloat16`(path: KernelPath, width: Int) {
    var numbers = Numbers(87)
    let pieces = (0..<3).map { _ in numbers.matrix(4, width) }
    Rowwise.add(pieces[1].copy(), to: pieces[1], scale: 20, on: oneThread)
    (pieces[0][0, 0], pieces[2][1, 0]) = (.nan, .infinity)
    expectEqual(path) {
      let soft = RunningSoftMax(targets: [0, 0, Int32(width), Int32(width)])
      let sums = pieces[0].copy()
      let powers = pieces.map { $0.copy() }
      for (index, piece) in powers.enumerated() {
        soft.take(piece, from: index * width, scaling: sums, on: oneThread)
      }
      let rounded = BFloat16Matrix(rounding: pieces[1], on: oneThread).floats(on: oneThread)
      let found = (powers + [sums, rounded]).flatMap(\.values) + soft.logProbabilities
      return found.map { $0.isNaN ? 1 : $0.bitPattern }
    }
  }

  @Test(arguments: others)
  func `unpacked panels`(path: KernelPath) {
    var numbers = Numbers(84)
    let matrix = PanelMatrix(quantizing: numbers.matrix(64, 64))
    var panels = matrix.panelBytes(0..<2)
    // Subnormal, infinite, not-a-number and negative scales.
    for (row, half) in [1, 0x3ff, 0x7c00, 0xfc00, 0x7e00, 0x8001, 0xbc00].enumerated() {
      panels[2 * row] = UInt8(half & 255)
      panels[2 * row + 1] = UInt8(half >> 8)
    }
    expectEqual(path) {
      var out = [Float](repeating: 0, count: 64 * 70)
      ck_panel_unpack(panels, panels.count / 2, 2, 2, &out, 70)
      return out.map { $0.isNaN ? 1 : $0.bitPattern }
    }
  }

  @Test(arguments: others, [1, 16, 33, 200])
  func `row-by-row functions`(path: KernelPath, width: Int) {
    var numbers = Numbers(85)
    let (a, b, c) = (numbers.matrix(5, width), numbers.matrix(5, width), numbers.matrix(5, width))
    let weight = numbers.matrix(1, width)
    expectEqual(path) {
      let x = (0..<9).map { _ in a.copy() }
      let w = weight.copy()
      Rowwise.rmsNorm(a, weight: weight, epsilon: 1e-5, into: x[0], on: oneThread)
      Rowwise.rmsNormBackward(
        a, weight: weight, epsilon: 1e-5, dy: b, addingTo: x[1], weightGradient: w, on: oneThread)
      Rowwise.swiGLU(gate: a, up: b, into: x[2], on: oneThread)
      Rowwise.swiGLUBackward(gate: a, up: b, dy: c, dGate: x[3], dUp: x[4], on: oneThread)
      Rowwise.add(b, to: x[5], scale: 0.3, on: oneThread)
      let targets = [Int32](repeating: Int32(width / 2), count: 5)
      let chosen = Rowwise.logProbabilities(x[2], targets: targets, on: oneThread)
      Rowwise.logProbabilityGradient(
        x[6], targets: targets, slopes: [1, 2, 3, 4, 5], on: oneThread)
      Rowwise.addColumnSums(of: a, to: w, on: oneThread)
      x[8].fill(0.25)
      Rowwise.adamW(
        parameters: x[7], gradient: b, m: x[5], v: x[8], learningRate: 0.1, beta1: 0.9, beta2: 0.99,
        epsilon: 1e-8, weightDecay: 0.1, step: 3, gradientScale: 0.7, on: oneThread)
      let squares = Rowwise.sumOfSquares(a).bitPattern
      return x.flatMap(bits) + bits(w) + chosen.map(\.bitPattern)
        + [UInt32(truncatingIfNeeded: squares), UInt32(squares >> 32)]
    }
  }

  @Test(arguments: others, AttentionTests.cases)
  func `attention`(path: KernelPath, c: AttentionTests.Case) {
    expectEqual(path) {
      let x = AttentionTests.Inputs(c, on: oneThread)
      let d = [x.q, x.k, x.v].map { Matrix(rows: $0.rows, columns: $0.columns) }
      Attention.backward(
        q: x.q, k: x.k, v: x.v, out: x.out, logSums: x.logSums, dOut: x.q, headSize: c.size,
        segments: c.segments, window: c.window, dq: d[0], dk: d[1], dv: d[2], on: oneThread)
      return ([x.out, x.logSums] + d).flatMap(bits)
    }
  }

  @Test(arguments: others, AttentionTests.cases)
  func `attention over a cache of half precision, and of codes`(
    path: KernelPath, c: AttentionTests.Case
  ) {
    let x = AttentionTests.Inputs(c, on: oneThread)
    for precision in [KeyValueCache.Precision.float16, .int8] {
      expectEqual(path) {
        let cache = KeyValueCache(
          layers: 1, pages: 4, width: c.groups * c.size, headSize: c.size, precision: precision)
        let run = CachedRun(rows: 0..<c.rows, position: 0, pages: [3, 1, 0, 2])
        cache.store(k: x.k, v: x.v, layer: 0, runs: [run], on: oneThread)
        let out = Matrix(rows: c.rows, columns: x.q.columns)
        Attention.cached(
          q: x.q, cache: cache, layer: 0, runs: [run], window: c.window, into: out, on: oneThread)
        return bits(out)
      }
    }
  }

  @Test(arguments: others, [1, 16, 300, 1000])
  func `choosing a token`(path: KernelPath, count: Int) {
    var numbers = Numbers(86)
    let logits = numbers.matrix(1, count)
    Rowwise.add(logits.copy(), to: logits, scale: 9, on: oneThread)
    expectEqual(path) {
      let weights = TokenWeights(logits, row: 0, temperature: 0.7)
      let shares = (0..<50).map { Float($0) / 50 }
      let drawn = shares.flatMap { share in
        [
          weights.draw(share), weights.draw(share, topK: 7, topP: 1, minP: 0),
          weights.draw(share, topK: 0, topP: 0.8, minP: 0.01),
        ]
      }
      return (drawn + [Rowwise.largest(in: logits, row: 0)]).map { UInt32($0) }
    }
  }
}
