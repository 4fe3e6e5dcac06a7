public import ModelFile
internal import Tensor

extension ModelWeights {
  /// Fresh weights for a model that is trained from nothing: normal numbers of deviation 0.02, those
  /// that write into the residual stream smaller by √(2·layers) (GPT-2's rule); norms are one.
  public init(initial shape: ModelShape, hasOwnOutput: Bool = false, seed: UInt64) {
    func normal(_ name: String, _ rows: Int, _ columns: Int, deviation: Float) -> WeightMatrix {
      var random = CounterRandom(seed: seed, stream: name)
      let values = (0..<rows * columns).map { _ in random.normal() * deviation }
      return .dense(DenseMatrix(Matrix(rows: rows, columns: columns, values: values)))
    }
    func ones(_ columns: Int) -> Matrix {
      let row = Matrix(rows: 1, columns: columns)
      row.fill(1)
      return row
    }
    let residual = 0.02 / Float(2 * shape.layers).squareRoot()
    embedding = normal("token_embd", shape.vocabulary, shape.width, deviation: 0.02)
    output =
      hasOwnOutput ? normal("output", shape.vocabulary, shape.width, deviation: 0.02) : nil
    outputNorm = ones(shape.width)
    layers = (0..<shape.layers).map { layer in
      var linears: [LinearName: Linear] = [:]
      for name in LinearName.allCases {
        let id = LinearID(layer: layer, name: name)
        let size = name.size(in: shape)
        let writesBack = name == .down || name == .attentionOutput
        linears[name] = Linear(
          id: id,
          weights: normal(
            id.path, size.rows, size.columns, deviation: writesBack ? residual : 0.02),
          bias: nil)
      }
      let headNorm = shape.architecture.normalizesHeads ? ones(shape.headSize) : nil
      return LayerWeights(
        attentionNorm: ones(shape.width), feedForwardNorm: ones(shape.width), queryNorm: headNorm,
        keyNorm: headNorm?.copy(), linears: linears)
    }
  }
}

extension ModelShape {
  /// The shape as GGUF keys.
  public var metadata: [(key: String, value: MetadataValue)] {
    let prefix = architecture.rawValue
    var list: [(key: String, value: MetadataValue)] = [
      ("general.architecture", .string(prefix)),
      ("\(prefix).block_count", .u32(UInt32(layers))),
      ("\(prefix).embedding_length", .u32(UInt32(width))),
      ("\(prefix).feed_forward_length", .u32(UInt32(feedForward))),
      ("\(prefix).attention.head_count", .u32(UInt32(heads))),
      ("\(prefix).attention.head_count_kv", .u32(UInt32(keyValueHeads))),
      ("\(prefix).attention.key_length", .u32(UInt32(headSize))),
      ("\(prefix).attention.value_length", .u32(UInt32(headSize))),
      ("\(prefix).rope.dimension_count", .u32(UInt32(headSize))),
      ("\(prefix).rope.freq_base", .f32(ropeBase)),
      ("\(prefix).attention.layer_norm_rms_epsilon", .f32(normEpsilon)),
      ("\(prefix).context_length", .u32(UInt32(context))),
      ("\(prefix).vocab_size", .u32(UInt32(vocabulary))),
    ]
    if ropeScale != 1 {
      list.append(("\(prefix).rope.scaling.type", .string("linear")))
      list.append(("\(prefix).rope.scaling.factor", .f32(ropeScale)))
    }
    if let slidingWindow {
      list.append(("\(prefix).attention.sliding_window", .u32(UInt32(slidingWindow))))
    }
    return list
  }
}
