import Tensor

/// What one layer computes for some rows, kept for the way back.
struct LayerActivations {
  /// What came in, [T, D].
  let x: Matrix
  /// norm(x), [T, D].
  let normed: Matrix
  /// Queries and keys before the norms of their heads; q and k themselves where there are none.
  let rawQ: Matrix
  let rawK: Matrix
  /// Rotated queries [T, H·d], rotated keys and values [T, G·d].
  let q: Matrix
  let k: Matrix
  let v: Matrix
  /// What the heads gathered, [T, H·d], and their log Σ exp, [T, H].
  let gathered: Matrix
  let logSums: Matrix
  /// x + attention, [T, D].
  let middle: Matrix
  /// norm(middle), [T, D].
  let middleNormed: Matrix
  /// [T, F] each; `product` is silu(gate)·up.
  let gate: Matrix
  let up: Matrix
  let product: Matrix
}

/// One layer over a batch of rows that attend to each other, forward and backward.
///
///     n = norm(x);  q, k, v = rotate(n·Wqᵀ), rotate(n·Wkᵀ), n·Wvᵀ
///     m = x + attention(q, k, v)·Woᵀ
///     y = m + (silu(norm(m)·Wgᵀ) ∘ norm(m)·Wuᵀ)·Wdᵀ
struct LayerPass {
  let layer: LayerWeights
  let shape: ModelShape
  let table: RotaryTable
  let adapter: Adapter?
  let workers: Workers

  /// - Returns: the layer's output [T, D] and what
  ///   ``backward(_:from:batch:arithmetic:gradients:)`` needs.
  func forward(
    _ x: Matrix, batch: TokenBatch, arithmetic: Arithmetic
  ) -> (y: Matrix, kept: LayerActivations) {
    let normed = norm(x, layer.attentionNorm)
    let qkv = apply([.query, .key, .value], normed, arithmetic)
    let (rawQ, rawK, v) = (qkv[0], qkv[1], qkv[2])
    let q = normHeads(rawQ, layer.queryNorm)
    let k = normHeads(rawK, layer.keyNorm)
    rotate(q, batch.positions)
    rotate(k, batch.positions)
    let gathered = Matrix(unsetRows: x.rows, columns: shape.queryWidth)
    let logSums = Matrix(unsetRows: x.rows, columns: shape.heads)
    Attention.forward(
      q: q, k: k, v: v, headSize: shape.headSize, segments: batch.segments,
      window: shape.slidingWindow, into: gathered, logSums: logSums, on: workers)
    let middle = apply([.attentionOutput], gathered, arithmetic)[0]
    Rowwise.add(x, to: middle, on: workers)
    let (y, middleNormed, gate, up, product) = feedForward(middle, arithmetic)
    let kept = LayerActivations(
      x: x, normed: normed, rawQ: rawQ, rawK: rawK, q: q, k: k, v: v, gathered: gathered,
      logSums: logSums, middle: middle, middleNormed: middleNormed, gate: gate, up: up,
      product: product)
    return (y, kept)
  }

  /// The same for rows that continue sequences in a cache.
  ///
  /// - Parameter picked: the rows of the output that are wanted; nil for all.
  func decode(
    _ x: Matrix, rows: DecodingRows, cache: KeyValueCache, index: Int, picked: [Int]?
  ) -> Matrix {
    let normed = norm(x, layer.attentionNorm)
    guard let picked else {
      let qkv = apply([.query, .key, .value], normed, .rowwise)
      store(k: qkv[1], v: qkv[2], rows, in: cache, index)
      return finish(x, q: qkv[0], rows: rows, cache: cache, index: index)
    }
    let kv = apply([.key, .value], normed, .rowwise)
    store(k: kv[0], v: kv[1], rows, in: cache, index)
    let q = apply([.query], normed.picking(picked), .rowwise)[0]
    return finish(
      x.picking(picked), q: q, rows: rows.picking(picked), cache: cache, index: index)
  }

  private func store(
    k: Matrix, v: Matrix, _ rows: DecodingRows, in cache: KeyValueCache, _ index: Int
  ) {
    let k = normHeads(k, layer.keyNorm)
    rotate(k, rows.positions)
    cache.store(k: k, v: v, layer: index, runs: rows.runs, on: workers)
  }

  /// From queries that are neither normed nor rotated yet to the layer's output.
  private func finish(
    _ x: Matrix, q: Matrix, rows: DecodingRows, cache: KeyValueCache, index: Int
  ) -> Matrix {
    let q = normHeads(q, layer.queryNorm)
    rotate(q, rows.positions)
    let gathered = Matrix(unsetRows: x.rows, columns: shape.queryWidth)
    Attention.cached(
      q: q, cache: cache, layer: index, runs: rows.runs, window: shape.slidingWindow,
      into: gathered, on: workers)
    let middle = apply([.attentionOutput], gathered, .rowwise)[0]
    Rowwise.add(x, to: middle, on: workers)
    return feedForward(middle, .rowwise).y
  }

  private func feedForward(
    _ middle: Matrix, _ arithmetic: Arithmetic
  ) -> (y: Matrix, normed: Matrix, gate: Matrix, up: Matrix, product: Matrix) {
    let normed = norm(middle, layer.feedForwardNorm)
    let gateUp = apply([.gate, .up], normed, arithmetic)
    let (gate, up) = (gateUp[0], gateUp[1])
    let product = Matrix(unsetRows: middle.rows, columns: shape.feedForward)
    Rowwise.swiGLU(gate: gate, up: up, into: product, on: workers)
    let y = apply([.down], product, arithmetic)[0]
    Rowwise.add(middle, to: y, on: workers)
    return (y, normed, gate, up, product)
  }

  /// From dy [T, D] to dx [T, D]; adds to the gradients that are asked for.
  func backward(
    _ dy: Matrix, from kept: LayerActivations, batch: TokenBatch, arithmetic: Arithmetic,
    gradients: Gradients
  ) -> Matrix {
    let dMiddle = feedForwardBackward(
      dy, from: kept, arithmetic: arithmetic, gradients: gradients)
    let dGathered = Matrix(rows: dy.rows, columns: shape.queryWidth)
    back(
      .attentionOutput, x: kept.gathered, dy: dMiddle, addingTo: dGathered, arithmetic, gradients)
    let dq = Matrix(rows: dy.rows, columns: shape.queryWidth)
    let dk = Matrix(rows: dy.rows, columns: shape.keyValueWidth)
    let dv = Matrix(rows: dy.rows, columns: shape.keyValueWidth)
    Attention.backward(
      q: kept.q, k: kept.k, v: kept.v, out: kept.gathered, logSums: kept.logSums,
      dOut: dGathered, headSize: shape.headSize, segments: batch.segments,
      window: shape.slidingWindow, dq: dq, dk: dk, dv: dv, on: workers)
    rotate(dq, batch.positions, inverse: true)
    rotate(dk, batch.positions, inverse: true)
    let dNormed = Matrix(rows: dy.rows, columns: shape.width)
    let dRawQ = backHeads(dq, raw: kept.rawQ, layer.queryNorm, .query, gradients)
    let dRawK = backHeads(dk, raw: kept.rawK, layer.keyNorm, .key, gradients)
    back(.query, x: kept.normed, dy: dRawQ, addingTo: dNormed, arithmetic, gradients)
    back(.key, x: kept.normed, dy: dRawK, addingTo: dNormed, arithmetic, gradients)
    back(.value, x: kept.normed, dy: dv, addingTo: dNormed, arithmetic, gradients)
    Rowwise.rmsNormBackward(
      kept.x, weight: layer.attentionNorm, epsilon: shape.normEpsilon, dy: dNormed,
      addingTo: dMiddle, weightGradient: gradients["blk.\(index).attn_norm.weight"], on: workers)
    return dMiddle
  }

  /// From dy to the gradient of the layer's middle, which holds dy itself as well (residual).
  private func feedForwardBackward(
    _ dy: Matrix, from kept: LayerActivations, arithmetic: Arithmetic, gradients: Gradients
  ) -> Matrix {
    let dProduct = Matrix(rows: dy.rows, columns: shape.feedForward)
    back(.down, x: kept.product, dy: dy, addingTo: dProduct, arithmetic, gradients)
    let dGate = Matrix(rows: dy.rows, columns: shape.feedForward)
    let dUp = Matrix(rows: dy.rows, columns: shape.feedForward)
    Rowwise.swiGLUBackward(
      gate: kept.gate, up: kept.up, dy: dProduct, dGate: dGate, dUp: dUp, on: workers)
    let dNormed = Matrix(rows: dy.rows, columns: shape.width)
    back(.gate, x: kept.middleNormed, dy: dGate, addingTo: dNormed, arithmetic, gradients)
    back(.up, x: kept.middleNormed, dy: dUp, addingTo: dNormed, arithmetic, gradients)
    let dMiddle = dy.copy()
    Rowwise.rmsNormBackward(
      kept.middle, weight: layer.feedForwardNorm, epsilon: shape.normEpsilon, dy: dNormed,
      addingTo: dMiddle, weightGradient: gradients["blk.\(index).ffn_norm.weight"], on: workers)
    return dMiddle
  }

  private var index: Int { layer[.query].id.layer }

  /// The outputs of linears that have the same input.
  private func apply(
    _ names: [LinearName], _ x: Matrix, _ arithmetic: Arithmetic
  ) -> [Matrix] {
    Linear.forward(
      names.map { layer[$0] }, x, adapter: adapter, arithmetic: arithmetic, on: workers)
  }

  private func back(
    _ name: LinearName, x: Matrix, dy: Matrix, addingTo dx: Matrix, _ arithmetic: Arithmetic,
    _ gradients: Gradients
  ) {
    layer[name].backward(
      x: x, dy: dy, addingTo: dx, adapter: adapter, arithmetic: arithmetic, gradients: gradients,
      on: workers)
  }

  func norm(_ x: Matrix, _ weight: Matrix) -> Matrix {
    let y = Matrix(unsetRows: x.rows, columns: x.columns)
    Rowwise.rmsNorm(x, weight: weight, epsilon: shape.normEpsilon, into: y, on: workers)
    return y
  }

  /// norm(head) for each head of x [T, heads · d]; x itself where there is no such norm.
  private func normHeads(_ x: Matrix, _ weight: Matrix?) -> Matrix {
    guard let weight else { return x }
    return norm(heads(of: x), weight).reshaped(rows: x.rows, columns: x.columns)
  }

  /// From the gradient behind ``normHeads(_:_:)`` to the one before it.
  private func backHeads(
    _ dy: Matrix, raw: Matrix, _ weight: Matrix?, _ name: LinearName, _ gradients: Gradients
  ) -> Matrix {
    guard let weight else { return dy }
    let dx = Matrix(rows: dy.rows, columns: dy.columns)
    Rowwise.rmsNormBackward(
      heads(of: raw), weight: weight, epsilon: shape.normEpsilon, dy: heads(of: dy),
      addingTo: heads(of: dx), weightGradient: gradients["\(layer[name].id.path)_norm.weight"],
      on: workers)
    return dx
  }

  /// The same values with one head a row.
  private func heads(of x: Matrix) -> Matrix {
    x.reshaped(rows: x.count / shape.headSize, columns: shape.headSize)
  }

  private func rotate(_ x: Matrix, _ positions: [Int32], inverse: Bool = false) {
    Rowwise.rotate(
      x, headSize: shape.headSize, positions: positions, table: table, inverse: inverse,
      on: workers)
  }
}
