internal import Bytes
internal import Tensor
internal import Transformer

/// The memory that a run may hold, apart from mapped files. Results do not depend on it.
struct MemoryBudget {
  let total: ByteCount

  /// - Parameter setting: an amount such as `4GiB`; empty for half of the machine's memory.
  init(setting: String) throws(SynPOError) {
    if setting.isEmpty {
      total = ByteCount((ResidentMemory.machine() ?? .gibibytes(4)).bytes / 2)
      return
    }
    guard let amount = ByteCount(parsing: setting), amount.bytes > 0 else {
      throw .badMemory(setting)
    }
    total = amount
  }

  /// As many sequences at once as are wanted, or fewer where their cache would take more than half
  /// of the budget.
  func slots(
    of model: LanguageModel, capacity: Int, cache: KeyValueCache.Precision, wanted: Int
  ) throws(SynPOError) -> Int {
    let each = Generator.bytesPerSlot(model: model, capacity: capacity, precision: cache)
    let fitting = total.bytes / 2 / max(each, 1)
    guard fitting > 0 else {
      throw .memory(
        needed: ByteCount(2 * each), available: total,
        what: "the cache of a single sequence of \(capacity) tokens")
    }
    return min(wanted, fitting)
  }
}
