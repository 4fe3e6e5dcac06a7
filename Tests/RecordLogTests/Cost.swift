import Foundation
import Testing

/// What reading something cost in a process of its own, in which nothing else happens.
struct Cost: CustomStringConvertible {
  /// Of processor time, whoever else is running.
  var microseconds: Int64
  /// Address space at its peak and memory of its own, not of files, beyond what there was before,
  /// in KiB.
  var mapped: Int64
  var touched: Int64
  var isRefused = false
  var records: Int64 = 0
  var description: String { "\(microseconds) µs, \(mapped) KiB mapped, \(touched) KiB touched" }

  static let nothing = Cost(microseconds: 0, mapped: 0, touched: 0)
  static let unknown = Cost(microseconds: .max, mapped: .max, touched: .max)
}

extension Cost {
  /// - Parameters:
  ///   - warmUp: what the first reading of all leaves in memory is not the bomb's.
  ///   - feed: what goes on outside meanwhile.
  init(
    warmingUp warmUp: () -> Void, _ body: () -> Reading, feeding feed: () -> Void = {}
  ) throws {
    self = .unknown
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    defer { close(ends[0]) }
    // Looked for here: the child would wait for ever where another thread was looking, too.
    try #require(Allocator.option != nil && Allocator.trim != nil)
    try #require(Allocator.allocate != nil && Allocator.release != nil)
    let child = try Forked {
      let cost = Cost.ofChild(warmUp, body)
      return write(ends[1], cost, 40) == 40 ? 0 : 1
    }
    close(ends[1])
    feed()
    var numbers = [Int64](repeating: 0, count: 5)
    let code = child.wait(atMost: 20)
    guard code == 0, read(ends[0], &numbers, 40) == 40 else { return }
    self = Cost(
      microseconds: numbers[0], mapped: numbers[1], touched: numbers[2],
      isRefused: numbers[3] == 1, records: numbers[4])
  }

  private static func ofChild(_ warmUp: () -> Void, _ body: () -> Reading) -> [Int64] {
    Allocator.mapLarge()
    warmUp()
    _ = Allocator.trim?(0)
    Allocator.useUpHeap()
    let before = memory(levelled: true)
    let start = clock()
    let reading = body()
    let time = Int64(clock() - start)
    let after = memory()
    return [
      time, after.peak - before.peak, after.own - before.own, reading.error == nil ? 0 : 1,
      Int64(reading.records.count),
    ]
  }

  /// In KiB, from `/proc/self/status`, without an allocation.
  /// - Parameter levelled: takes as much address space as there ever was, so that all that comes
  ///   raises the peak.
  private static func memory(levelled: Bool = false) -> (peak: Int64, own: Int64) {
    var text = [CChar](repeating: 0, count: 4096)
    let file = open("/proc/self/status", O_RDONLY)
    defer { close(file) }
    guard read(file, &text, 4095) > 0 else { return (0, 0) }
    func number(_ key: String) -> Int64 {
      guard let found = strstr(text, key) else { return 0 }
      return Int64(atoll(found + strlen(key)))
    }
    let (peak, size) = (number("VmPeak:"), number("VmSize:"))
    if levelled, peak > size {
      _ = mmap(nil, Int(peak - size) << 10, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    }
    return (peak, number("RssAnon:"))
  }
}

/// Calls of the C library's allocator.
private enum Allocator {
  static let option = hiddenCall("mallopt", as: (@convention(c) (Int32, Int32) -> Int32).self)
  static let trim = hiddenCall("malloc_trim", as: (@convention(c) (Int) -> Int32).self)

  // Called by their addresses, so that the optimizer does not know them: it takes what stands in front
  // of allocated memory for nothing.
  static let allocate = hiddenCall(
    "malloc", as: (@convention(c) (Int) -> UnsafeMutableRawPointer?).self)
  static let release = hiddenCall(
    "free", as: (@convention(c) (UnsafeMutableRawPointer) -> Void).self)

  private static let large = 64 << 10

  /// What the heap has no room for is mapped if it is large, and unmapped when it is freed.
  static func mapLarge() {
    let mappedFrom: Int32 = -3
    _ = option?(mappedFrom, Int32(large))
  }

  /// Takes whatever room for something large the heap has left from before, which would hide what
  /// comes.
  static func useUpHeap() {
    var size = 64 << 20
    while size >= large {
      while let memory = allocate?(size) {
        // In front of it stands its size, and in one of the low bits whether it was mapped.
        let isMapped = memory.load(fromByteOffset: -8, as: UInt.self) & 2 != 0
        guard isMapped else { continue }
        release?(memory)
        break
      }
      size /= 2
    }
  }
}

struct CostTests {
  /// The cost of having `count` bytes for a moment, written on or not.
  func cost(of count: Int, writing: Bool) throws -> Cost {
    try Cost(warmingUp: {}) {
      let memory = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 16)
      if writing { memset(memory, 1, count) }
      keptAlive = memory
      memory.deallocate()
      return Reading()
    }
  }

  @Test func `memory that is taken for a moment shows in the cost, whatever the heap has free`()
    throws
  {
    // Freed, it stays with the heap.
    let pieces = (0..<2000).map { _ in [UInt8](repeating: 1, count: 30_000) }
    _ = pieces.count
    for kibibytes in [256, 1024, 16 << 10, 60 << 10] {
      for writing in [true, false] {
        let cost = try cost(of: kibibytes << 10, writing: writing)
        let expected = Int64(kibibytes)
        #expect((expected..<expected + 256).contains(cost.mapped), "\(kibibytes) KiB: \(cost)")
      }
    }
    #expect(try cost(of: 1 << 10, writing: true).mapped < 256)
  }
}

/// Keeps the optimizer from leaving out an allocation.
nonisolated(unsafe) private var keptAlive: UnsafeMutableRawPointer?
