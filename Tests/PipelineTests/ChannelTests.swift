import Testing

@testable import Pipeline

struct `Channel between two tasks` {
  private func channel(holding capacity: Int) -> Channel<Int> {
    Channel("numbers", holding: capacity) { _ in 1 }
  }

  /// Lets other tasks run until `condition` holds.
  private func wait(until condition: () -> Bool) async {
    while !condition() { await Task.yield() }
  }

  @Test(arguments: [1, 3, 1_000])
  func `carries everything, in order, within its bound`(capacity: Int) async throws {
    let channel = channel(holding: capacity)
    let sender = Task {
      for number in 0..<5_000 { try await channel.send(number) }
      channel.finish()
    }
    var got: [Int] = []
    for try await number in channel { got.append(number) }
    try await sender.value
    #expect(got == Array(0..<5_000))
    #expect(channel.tally.elements == 5_000 && channel.tally.highWater <= capacity)
  }

  @Test func `a sender that is cancelled while it waits stops waiting`() async throws {
    let channel = channel(holding: 1)
    let sender = Task {
      try await channel.send(1)
      try await channel.send(2)
    }
    await wait { channel.tally.fullWaits == 1 }
    sender.cancel()
    await #expect(throws: CancellationError.self) { try await sender.value }
    #expect(try await channel.next() == 1)
  }

  @Test func `a receiver that is cancelled while it waits stops waiting`() async throws {
    let channel = channel(holding: 1)
    let receiver = Task { try await channel.next() }
    await wait { channel.tally.emptyWaits == 1 }
    receiver.cancel()
    await #expect(throws: CancellationError.self) { try await receiver.value }
    try await channel.send(7)
    #expect(try await channel.next() == 7)
  }

  @Test func `a task that is already cancelled does not begin to wait`() async {
    let channel = channel(holding: 1)
    let receiver = Task {
      while !Task.isCancelled { await Task.yield() }
      return try await channel.next()
    }
    receiver.cancel()
    await #expect(throws: CancellationError.self) { try await receiver.value }
    #expect(channel.tally.emptyWaits == 0)
  }

  @Test func `a failure arrives after the last element`() async throws {
    let channel = channel(holding: 9)
    try await channel.send(1)
    channel.finish(throwing: Broken())
    #expect(try await channel.next() == 1)
    await #expect(throws: Broken.self) { try await channel.next() }
  }

  @Test func `nobody can send into an abandoned channel`() async throws {
    let channel = channel(holding: 1)
    let sender = Task {
      try await channel.send(1)
      try await channel.send(2)
    }
    await wait { channel.tally.fullWaits == 1 }
    channel.abandon()
    await #expect(throws: NobodyReceives.self) { try await sender.value }
    #expect(try await channel.next() == nil)
  }

  @Test func `cancelling at any moment neither hangs nor loses a wake-up`() async throws {
    for round in 0..<300 {
      let channel = channel(holding: 2)
      let sender = Task { for number in 0... { try await channel.send(number) } }
      let receiver = Task {
        var last = -1
        while let number = try await channel.next() {
          #expect(number == last + 1)
          last = number
        }
      }
      for _ in 0..<round % 17 { await Task.yield() }
      if round.isMultiple(of: 2) { sender.cancel() } else { receiver.cancel() }
      if round.isMultiple(of: 2) { receiver.cancel() } else { sender.cancel() }
      _ = await sender.result
      _ = await receiver.result
    }
  }
}

struct Broken: Error {}
