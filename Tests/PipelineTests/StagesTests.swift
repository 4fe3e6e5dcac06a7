import Synchronization
import Testing

@testable import Pipeline

struct `Stages of a pipeline` {
  private func numbers(_ line: inout Stages, upTo limit: Int) -> Channel<Int> {
    line.stage("numbers", holding: 8, weigh: { _ in 1 }) { out in
      for number in 0..<limit { try await out.send(number) }
    }
  }

  @Test func `pass everything on and tell what they did`() async throws {
    let (sum, tallies) = try await withPipeline { line in
      let numbers = numbers(&line, upTo: 1_000)
      let even = line.stage("even", after: numbers, holding: 8, weigh: { _ in 1 }) {
        $0.isMultiple(of: 2) ? $0 : nil
      }
      var sum = 0
      for try await number in even { sum += number }
      return (sum, line.tallies)
    }
    #expect(sum == (0..<1_000).filter { $0.isMultiple(of: 2) }.reduce(0, +))
    #expect(tallies.map(\.stage) == ["numbers", "even"])
    #expect(tallies.map(\.tally.elements) == [1_000, 500])
    #expect(tallies.allSatisfy { $0.tally.highWater <= 8 })
  }

  @Test func `the first failure ends all and is thrown`() async {
    let sourceEnded = Mutex(false)
    await #expect(throws: Broken.self) {
      try await withPipeline { line in
        let numbers = line.stage("endless", holding: 8, weigh: { _ in 1 }) { out in
          defer { sourceEnded.withLock { $0 = true } }
          for number in 0... { try await out.send(number) }
        }
        let broken = line.stage("broken", after: numbers, holding: 8, weigh: { _ in 1 }) {
          if $0 == 100 { throw Broken() }
          return $0
        }
        let last = line.stage("last", after: broken, holding: 8, weigh: { _ in 1 }) { $0 }
        for try await _ in last {}
      }
    }
    #expect(sourceEnded.withLock { $0 })
  }

  @Test func `a failure on a side branch is thrown, too, not its echo`() async {
    await #expect(throws: Broken.self) {
      try await withPipeline { line in
        let _: Channel<Int> = line.stage("side", holding: 8, weigh: { _ in 1 }) { _ in
          throw Broken()
        }
        let endless = line.stage("endless", holding: 8, weigh: { _ in 1 }) { out in
          for number in 0... { try await out.send(number) }
        }
        for try await _ in endless {}
      }
    }
  }

  @Test func `a failure of the body ends the stages`() async {
    await #expect(throws: Broken.self) {
      try await withPipeline { line in
        let numbers = numbers(&line, upTo: .max)
        for try await number in numbers where number == 10 { throw Broken() }
      }
    }
  }

  @Test func `a body that has enough ends the stages in peace`() async throws {
    let first = try await withPipeline { line in
      try await numbers(&line, upTo: .max).next()
    }
    #expect(first == 0)
  }

  @Test func `a stage that has enough ends those before it in peace`() async throws {
    let got = try await withPipeline { line in
      let numbers = numbers(&line, upTo: .max)
      let first = line.stage("first three", holding: 8, weigh: { _ in 1 }) { out in
        defer { numbers.abandon() }
        for _ in 0..<3 {
          if let number = try await numbers.next() { try await out.send(number) }
        }
      }
      var got: [Int] = []
      for try await number in first { got.append(number) }
      return got
    }
    #expect(got == [0, 1, 2])
  }

  @Test func `cancelling the caller ends the stages`() async {
    let hasBegun = Channel<Void>("begun", holding: 1) { _ in 1 }
    let run = Task {
      try await withPipeline { line in
        let numbers = numbers(&line, upTo: .max)
        for try await number in numbers where number == 1 { hasBegun.finish() }
      }
    }
    _ = try? await hasBegun.next()
    run.cancel()
    await #expect(throws: CancellationError.self) { try await run.value }
  }
}
