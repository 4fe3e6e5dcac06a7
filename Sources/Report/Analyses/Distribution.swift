/// Many numbers in a few: quantiles, and a histogram of equally wide bins.
public struct Distribution: Codable, Equatable, Sendable {
  public var count: Int
  public var mean: Double
  public var minimum: Double
  public var tenth: Double
  public var median: Double
  public var ninetieth: Double
  public var maximum: Double
  /// How many numbers lie in each of `bins.count` equally wide bins from `low` to `high`; what lies
  /// outside is in the outermost ones.
  public var bins: [Int]
  public var low: Double
  public var high: Double

  /// - Parameters:
  ///   - values: numbers that are not finite are left out; nil if none is left.
  ///   - range: of the histogram; from the least to the greatest number where nil.
  public init?(_ values: [Double], bins binCount: Int = 20, range: ClosedRange<Double>? = nil) {
    let sorted = values.filter(\.isFinite).sorted()
    guard let first = sorted.first, let last = sorted.last else { return nil }
    count = sorted.count
    mean = sorted.reduce(0, +) / Double(sorted.count)
    (minimum, maximum) = (first, last)
    tenth = Self.quantile(0.1, of: sorted)
    median = Self.quantile(0.5, of: sorted)
    ninetieth = Self.quantile(0.9, of: sorted)
    low = range?.lowerBound ?? first
    high = range?.upperBound ?? last
    bins = [Int](repeating: 0, count: max(binCount, 1))
    let width = high - low
    for value in sorted {
      let place = width > 0 ? (value - low) / width * Double(bins.count) : 0
      bins[min(max(Int(min(max(place, 0), 1e9)), 0), bins.count - 1)] += 1
    }
  }

  /// Interpolated between the two numbers around it.
  static func quantile(_ share: Double, of sorted: [Double]) -> Double {
    guard let last = sorted.indices.last else { return .nan }
    let place = min(max(share, 0), 1) * Double(last)
    let below = Int(place)
    let above = min(below + 1, last)
    return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
  }
}
