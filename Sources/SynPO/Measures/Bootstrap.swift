internal import Transformer

/// A number that was measured on a sample, with the interval that other samples would give it.
public struct Estimate: Codable, Equatable, Sendable {
  public var value: Double
  /// Between these lies the middle 95 % of what resampling gives.
  public var low: Double
  public var high: Double

  public init(value: Double, low: Double, high: Double) {
    (self.value, self.low, self.high) = (value, low, high)
  }
}

/// Percentile bootstrap: measures the same on samples that are drawn from the sample, with putting
/// back.
public enum Bootstrap {
  public static let replicates = 1000

  /// - Parameters:
  ///   - seed: with `stream` it decides what is drawn; the same of both give the same interval.
  ///   - measure: called once with all items and then for each replicate.
  /// - Returns: nil where there are no items.
  public static func estimate<Item>(
    of items: [Item], seed: UInt64, stream: String, replicates: Int = Self.replicates,
    _ measure: ([Item]) -> Double
  ) -> Estimate? {
    guard !items.isEmpty else { return nil }
    let measured = (0..<replicates).map { replicate in
      var random = CounterRandom(seed: seed, stream: "bootstrap/\(stream)/\(replicate)")
      return measure(items.map { _ in items[Int.random(in: 0..<items.count, using: &random)] })
    }.sorted()
    let value = measure(items)
    guard !measured.isEmpty else { return Estimate(value: value, low: value, high: value) }
    func quantile(_ share: Double) -> Double {
      measured[min(Int(share * Double(measured.count)), measured.count - 1)]
    }
    return Estimate(value: value, low: quantile(0.025), high: quantile(0.975))
  }

  /// The mean of `values`.
  public static func mean(of values: [Double], seed: UInt64, stream: String) -> Estimate? {
    estimate(of: values, seed: seed, stream: stream) { $0.reduce(0, +) / Double($0.count) }
  }
}
