internal import Foundation

/// Maps numbers to pixels, and knows where to put round numbers.
struct Axis {
  let values: ClosedRange<Double>
  let pixels: (from: Double, to: Double)

  /// An axis over all of `values`; where they are all one number, some room around it.
  init(over values: [Double], pixels: (from: Double, to: Double), including: [Double] = []) {
    let all = (values + including).filter(\.isFinite)
    let low = all.min() ?? 0
    let high = all.max() ?? 1
    let room = high > low ? 0 : max(abs(low) * 0.1, 0.5)
    self.values = (low - room)...(high + room)
    self.pixels = pixels
  }

  /// The same with a margin of a twentieth on both sides, so that marks do not touch the edge.
  func withMargin() -> Axis {
    let margin = (values.upperBound - values.lowerBound) / 20
    return Axis(over: [values.lowerBound - margin, values.upperBound + margin], pixels: pixels)
  }

  func place(_ value: Double) -> Double {
    let share = (value - values.lowerBound) / (values.upperBound - values.lowerBound)
    return pixels.from + min(max(share, 0), 1) * (pixels.to - pixels.from)
  }

  /// Round numbers on the axis, about `count` of them: multiples of 1, 2 or 5 times a power of ten.
  func ticks(_ count: Int = 5) -> [Double] {
    let width = values.upperBound - values.lowerBound
    let rough = width / Double(max(count, 1))
    let power = pow(10, floor(log10(rough)))
    let step = [1.0, 2, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? rough
    let first = Int((values.lowerBound / step - 1e-9).rounded(.up))
    let last = Int((values.upperBound / step + 1e-9).rounded(.down))
    guard first <= last, last - first < 100 else { return [] }
    return (first...last).map { Double($0) * step }
  }

  /// A tick in as many digits as set it apart from its neighbours.
  static func label(_ value: Double, among ticks: [Double]) -> String {
    let step = ticks.count > 1 ? abs(ticks[1] - ticks[0]) : abs(value)
    guard step > 0, step < 1e6, step > 1e-7 else { return plain(value) }
    guard step > 0.0005 else { return String(format: "%.0e", value) }
    return fixed(value, max(0, Int((-log10(step) + 0.999).rounded(.down))))
  }
}
