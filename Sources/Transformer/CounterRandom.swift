internal import Foundation

/// Random numbers that are a function of what they are for, not of when they are drawn.
///
/// Two generators made from the same seed and stream give the same numbers, on any machine, in any
/// order of work. That is what lets a killed run go on as if it had never stopped.
public struct CounterRandom: RandomNumberGenerator, Sendable {
  private let key: UInt64
  private var counter: UInt64

  /// - Parameters:
  ///   - stream: what the numbers are for, such as a stage and a record.
  ///   - counter: where in the stream to begin.
  public init(seed: UInt64, stream: String, counter: UInt64 = 0) {
    var key = Self.mix(seed &+ 0x9E37_79B9_7F4A_7C15)
    for byte in stream.utf8 { key = Self.mix(key ^ UInt64(byte)) }
    self.key = key
    self.counter = counter
  }

  public init(seed: UInt64, stream: [UInt64], counter: UInt64 = 0) {
    var key = Self.mix(seed &+ 0x9E37_79B9_7F4A_7C15)
    for word in stream { key = Self.mix(key ^ word) &+ 0x632B_E59B_D9B4_E019 }
    self.key = key
    self.counter = counter
  }

  public mutating func next() -> UInt64 {
    counter &+= 1
    return Self.mix(key &+ counter &* 0x9E37_79B9_7F4A_7C15)
  }

  /// A number in [0, 1), with 24 random bits.
  public mutating func uniform() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// A standard normal number (Box and Muller).
  public mutating func normal() -> Float {
    let radius = (-2 * log((Double(next() >> 11) + 1) * 0x1p-53)).squareRoot()
    return Float(radius * cos(2 * .pi * Double(next() >> 11) * 0x1p-53))
  }

  /// The finaliser of SplitMix64: a bijection that spreads every bit.
  private static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
