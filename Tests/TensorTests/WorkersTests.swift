import Synchronization
import Tensor
import Testing

private final class Tally: Sendable {
  private let total = Atomic(0)

  var count: Int { total.load(ordering: .relaxed) }
  func add() { total.add(1, ordering: .relaxed) }
}

struct WorkersTests {
  @Test(arguments: [1, 2, 5], [0, 1, 2, 1000])
  func `every unit is done once, whatever the number of threads`(threads: Int, units: Int) {
    let workers = Workers(threads: threads)
    let done = Mutex([Int](repeating: 0, count: units))
    workers.run(units) { unit in done.withLock { $0[unit] += 1 } }
    #expect(done.withLock { $0 } == [Int](repeating: 1, count: units))
  }

  @Test
  func `a run within a run does its units, too`() {
    let tally = Tally()
    twoThreads.run(10) { _ in
      twoThreads.run(10) { _ in tally.add() }
    }
    #expect(tally.count == 100)
  }

  @Test
  func `several tasks may use the same threads`() async {
    let workers = Workers(threads: 3)
    let tally = Tally()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<200 { workers.run(7) { _ in tally.add() } }
        }
      }
    }
    #expect(tally.count == 8 * 200 * 7)
  }

  @Test
  func `threads end with their workers`() {
    for _ in 0..<50 {
      let workers = Workers(threads: 4)
      workers.run(4) { _ in }
    }
  }
}
