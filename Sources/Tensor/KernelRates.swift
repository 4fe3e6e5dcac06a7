import CKernels
import Glibc

/// What the numeric kernels reach on this machine, beside what its CPU and memory can do at best.
public struct KernelRates: Sendable {
  /// One kernel's rate and the peak that bounds it.
  public struct Rate: Sendable {
    public var name: String
    public var value: Double
    public var unit: String
    public var bound: Bound
    /// `value` as a share of the peak.
    public var share: Double
  }

  /// What a kernel cannot outrun; memory only where its numbers come from there.
  public enum Bound: String, Sendable {
    case dotProducts = "dot products"
    case multiplyAdds = "multiply-adds"
    case memory
  }

  public let path: KernelPath
  public let threads: Int
  /// Dot products of bytes in registers alone, all threads together, in 10⁹ operations a second.
  public let dotPeak: Double
  /// Fused multiply-adds of floats, likewise.
  public let floatPeak: Double
  /// What all threads together read from memory, in 10⁹ bytes a second.
  public let bandwidth: Double
  public private(set) var rates: [Rate] = []

  private let workers: Workers
  private let clock: BestTime

  /// Measures everything; takes some seconds and a third of a gigabyte.
  ///
  /// - Parameter rounds: how often each thing is done; the best time counts.
  public init(on workers: Workers, rounds: Int = 5) {
    self.workers = workers
    clock = BestTime(rounds: rounds)
    path = .selected
    threads = workers.threads
    dotPeak = clock.peak(workers) { ck_dot_peak($0) }
    floatPeak = clock.peak(workers) { ck_fma_peak($0) }
    bandwidth = clock.bandwidth(workers)
    measureProducts()
    measureAttention()
    measureRows()
  }

  private mutating func note(_ name: String, _ value: Double, _ unit: String, _ bound: Bound) {
    let peak =
      switch bound {
      case .dotProducts: dotPeak
      case .multiplyAdds: floatPeak
      case .memory: bandwidth
      }
    rates.append(Rate(name: name, value: value, unit: unit, bound: bound, share: value / peak))
  }

  /// int8 products with matrices of a model of about a billion weights, more than a cache holds.
  private mutating func measureProducts() {
    let (inputs, outputs, copies) = (2048, 5632, 6)
    let floats = Matrix(rows: outputs, columns: inputs)
    for row in 0..<outputs { floats[row, row * 7 % inputs] = Float(row % 13) - 6 }
    let matrices = (0..<copies).map { _ in PanelMatrix(quantizing: floats) }
    let weights = Double(PanelMatrix.byteCount(rows: outputs, columns: inputs) * copies)
    for rows in [1, 2, 4, 8, 16, 32, 96, 256] {
      let x = Self.wave(rows, inputs)
      let y = Matrix(rows: rows, columns: outputs)
      let seconds = clock.seconds {
        for matrix in matrices { matrix.product(x, into: y, on: workers) }
      }
      if rows == 1 { note("int8 product, 1 row", weights / 1e9 / seconds, "GB/s", .memory) }
      let operations = 2 * Double(rows * inputs * outputs * copies)
      note("int8 product, \(rows) rows", operations / 1e9 / seconds, "GOP/s", .dotProducts)
    }
  }

  /// Attention of 32 heads of 64 over 4 key heads: 32 sequences that write, and a prompt.
  private mutating func measureAttention() {
    let (heads, groups, size, tokens) = (32, 4, 64, 512)
    for precision in KeyValueCache.Precision.allCases {
      let pages = KeyValueCache.pages(for: tokens)
      let cache = KeyValueCache(
        layers: 1, pages: 32 * pages, width: groups * size, headSize: size, precision: precision)
      let writing = (0..<32).map { row in
        CachedRun(
          rows: row..<row + 1, position: tokens - 1,
          pages: (0..<pages).map { Int32(row * pages + $0) })
      }
      let reading = CachedRun(rows: 0..<tokens, position: 0, pages: writing[0].pages)
      let kv = Self.wave(tokens, groups * size)
      cache.store(k: kv, v: kv, layer: 0, runs: [reading], on: workers)
      for (name, runs, seen) in [
        ("32 sequences at 512 tokens", writing, 32 * tokens),
        ("a prompt of 512", [reading], tokens * (tokens + 1) / 2),
      ] {
        let q = Self.wave(runs.last?.rows.upperBound ?? 0, heads * size)
        let out = Matrix(rows: q.rows, columns: q.columns)
        let seconds = clock.seconds {
          Attention.cached(
            q: q, cache: cache, layer: 0, runs: runs, window: nil, into: out, on: workers)
        }
        let operations = 4 * Double(heads * size * seen)
        note(
          "attention, \(precision.rawValue), \(name)", operations / 1e9 / seconds, "GFLOP/s",
          .multiplyAdds)
      }
    }
  }

  /// Row-by-row functions on as much as a batch of 256 rows has; their numbers may lie in a cache.
  private mutating func measureRows() {
    let (x, gate, up) = (Self.wave(256, 2048), Self.wave(256, 5632), Self.wave(256, 5632))
    let (weight, y, product) = (
      Self.wave(1, 2048), Matrix(rows: 256, columns: 2048), Matrix(rows: 256, columns: 5632)
    )
    let table = RotaryTable(headSize: 64, positions: 256, base: 10_000)
    let positions = (0..<256).map { Int32($0) }
    let logits = Self.wave(8, 49_152)
    func moved(_ name: String, _ values: Int, _ work: () -> Void) -> (String, Double) {
      (name, Double(values * 4) / 1e9 / clock.seconds(work))
    }
    let found = [
      moved("RMS norm", 2 * x.count) {
        Rowwise.rmsNorm(x, weight: weight, epsilon: 1e-5, into: y, on: workers)
      },
      moved("rotary embedding", 2 * y.count) {
        Rowwise.rotate(
          y, headSize: 64, positions: positions, table: table, inverse: false, on: workers)
      },
      moved("SiLU product", 3 * gate.count) {
        Rowwise.swiGLU(gate: gate, up: up, into: product, on: workers)
      },
      moved("soft-max of logits", logits.count) {
        _ = Rowwise.logProbabilities(logits, targets: Array(0..<8), on: workers)
      },
      moved("token choice, top-k 40", logits.count) {
        workers.run(8) { row in
          let weights = TokenWeights(logits, row: row, temperature: 0.7)
          _ = weights.draw(0.5, topK: 40, topP: 1, minP: 0)
        }
      },
    ]
    for (name, rate) in found { note(name, rate, "GB/s", .memory) }
  }

  private static func wave(_ rows: Int, _ columns: Int) -> Matrix {
    let values = (0..<rows * columns).map { Float($0 * 7919 % 1000) / 500 - 1 }
    return Matrix(rows: rows, columns: columns, values: values)
  }
}

/// Measures by the best of several times.
private struct BestTime: Sendable {
  let rounds: Int

  func seconds(_ work: () -> Void) -> Double {
    let clock = ContinuousClock()
    let times = (0..<max(rounds, 1)).map { _ in clock.measure(work) / .seconds(1) }
    return max(times.min() ?? 0, 1e-9)
  }

  /// 10⁹ operations a second of all threads; `work` does so many rounds and says what that was.
  func peak(_ workers: Workers, _ work: @escaping @Sendable (Int) -> Double) -> Double {
    let rounds = 1_000_000
    let seconds = seconds { workers.run(workers.threads) { _ in _ = work(rounds) } }
    return work(1) * Double(rounds * workers.threads) / 1e9 / seconds
  }

  /// 10⁹ bytes a second that all threads read, from more than a cache holds.
  func bandwidth(_ workers: Workers) -> Double {
    let (size, piece) = (1 << 28, 1 << 20)
    let memory = AlignedMemory(byteCount: size, zeroed: false)
    unsafe memset(memory.base, 1, size)
    let seconds = seconds {
      workers.share(size, by: piece) { part in
        _ = unsafe ck_read_bytes(memory.base + part.lowerBound, part.count)
      }
    }
    return Double(size) / 1e9 / seconds
  }
}
