import Bytes
import Tensor

/// What `model bench` found.
struct BenchFacts: Facts {
  var machine: MachineFacts
  var kernels: KernelFacts?
  var model: EngineFacts?

  var text: String {
    ([machine.text] + [kernels?.text, model?.text].compactMap { $0 }).joined(separator: "\n")
  }
}

/// What was chosen for this machine.
struct MachineFacts: Encodable {
  var kernels = "\(KernelPath.selected)"
  var threads = Workers.shared.threads
  /// OpenBLAS's kernels, for float products in training.
  var floatProducts = FloatProduct.coreName

  var text: String {
    columns([
      ("kernels", kernels), ("threads", "\(threads)"), ("OpenBLAS core", floatProducts),
    ])
  }
}

/// Rates of the kernels, beside the machine's peaks.
struct KernelFacts: Encodable {
  struct Rate: Encodable {
    var name: String
    var value: Double
    var unit: String
    var shareOfPeak: Double
    var peak: String
  }

  var dotPeak: Double
  var floatPeak: Double
  var bandwidth: Double
  var rates: [Rate]

  init(_ found: KernelRates) {
    dotPeak = found.dotPeak
    floatPeak = found.floatPeak
    bandwidth = found.bandwidth
    rates = found.rates.map {
      Rate(
        name: $0.name, value: $0.value, unit: $0.unit, shareOfPeak: $0.share,
        peak: $0.bound.rawValue)
    }
  }

  var text: String {
    let peaks = columns([
      ("peak of dot products", "\(decimal(dotPeak)) GOP/s"),
      ("peak of multiply-adds", "\(decimal(floatPeak)) GFLOP/s"),
      ("memory bandwidth", "\(decimal(bandwidth)) GB/s"),
    ])
    let lines = rates.map {
      [$0.name, "\(decimal($0.value)) \($0.unit)", percent($0.shareOfPeak), "of \($0.peak)"]
    }
    return peaks + "\n" + table(lines)
  }
}

/// Tokens a second of a model.
struct EngineFacts: Encodable {
  struct Figure: Encodable {
    var name: String
    /// Tokens a second, round by round.
    var rounds: [Double]
    var median: Double

    init(name: String, rounds: [Double]) {
      self.name = name
      self.rounds = rounds
      median = rounds.sorted()[rounds.count / 2]
    }
  }

  var model: String
  var parameters: Int
  /// The precision of the cache.
  var cache: String
  var loading: LoadFacts
  var figures: [Figure]
  /// The most memory of its own that the process was seen to hold; mapped weights are not in it.
  var peakOwnBytes: Int

  var text: String {
    let lines = figures.map { ($0.name, "\(decimal($0.median)) tokens/s") }
    return "\(model), \(grouped(parameters)) weights, \(cache) cache\n"
      + columns(loading.lines + lines + [("own memory at most", "\(ByteCount(peakOwnBytes))")])
  }
}

/// What it takes until a model is ready.
struct LoadFacts: Encodable {
  /// Milliseconds from opening the file to the first token, round by round.
  var rounds: [Double]
  var median: Double
  /// The process's own memory then; mapped weights are not in it.
  var ownBytes: Int

  var lines: [(String, String)] {
    [
      ("load to first token", "\(decimal(median)) ms"),
      ("own memory then", "\(ByteCount(ownBytes))"),
    ]
  }
}
