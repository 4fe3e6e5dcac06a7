import Transformer

/// The order in which an epoch goes through its examples: a permutation fixed by seed and epoch.
struct Shuffle {
  let order: [Int]

  /// Fisher and Yates.
  init(count: Int, seed: UInt64, epoch: Int) {
    var order = Array(0..<count)
    var random = CounterRandom(seed: seed, stream: "shuffle/\(epoch)")
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, Int.random(in: 0...last, using: &random))
    }
    self.order = order
  }
}
