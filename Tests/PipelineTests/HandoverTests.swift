import Testing

@testable import Pipeline

struct `Hand-over` {
  typealias Letters = Handover<Character, String, String>

  @Test func `parks its sender when full, until there is room`() {
    var handover = Letters(capacity: 10)
    #expect(handover.send("a", weight: 6, from: "first") == .stored)
    #expect(handover.send("b", weight: 5, from: "second") == .parked)
    #expect(handover.receive(for: "reader") == .take("a", waking: "second"))
    #expect(handover.receive(for: "reader") == .take("b", waking: nil))
  }

  @Test func `is full to the byte, not before`() {
    var handover = Letters(capacity: 10)
    #expect(handover.send("a", weight: 6, from: "x") == .stored)
    #expect(handover.send("b", weight: 4, from: "x") == .stored)
    #expect(handover.send("c", weight: 1, from: "x") == .parked)
  }

  @Test func `keeps a sender parked until its element fits`() {
    var handover = Letters(capacity: 10)
    _ = handover.send("a", weight: 1, from: "x")
    _ = handover.send("b", weight: 9, from: "x")
    #expect(handover.send("c", weight: 8, from: "x") == .parked)
    #expect(handover.receive(for: "reader") == .take("a", waking: nil))
    #expect(handover.receive(for: "reader") == .take("b", waking: "x"))
    #expect(handover.receive(for: "reader") == .take("c", waking: nil))
  }

  @Test func `lets an element heavier than the bound pass alone`() {
    var handover = Letters(capacity: 10)
    #expect(handover.send("a", weight: 99, from: "x") == .stored)
    #expect(handover.send("b", weight: 1, from: "x") == .parked)
    #expect(handover.receive(for: "reader") == .take("a", waking: "x"))
    #expect(handover.send("c", weight: 99, from: "x") == .parked)
    #expect(handover.receive(for: "reader") == .take("b", waking: "x"))
    #expect(handover.receive(for: "reader") == .take("c", waking: nil))
  }

  @Test func `hands an element straight to a receiver that waits`() {
    var handover = Letters(capacity: 1)
    #expect(handover.receive(for: "reader") == .parked)
    #expect(handover.send("a", weight: 5, from: "x") == .deliver(to: "reader"))
    #expect(handover.tally.highWater == 0)
  }

  @Test func `gives what is stored after closing, then ends`() {
    var handover = Letters(capacity: 10)
    _ = handover.send("a", weight: 1, from: "x")
    #expect(handover.close() == nil)
    #expect(handover.send("b", weight: 1, from: "x") == .refused)
    #expect(handover.receive(for: "reader") == .take("a", waking: nil))
    #expect(handover.receive(for: "reader") == .end)
  }

  @Test func `tells a waiting receiver of the close`() {
    var handover = Letters(capacity: 10)
    _ = handover.receive(for: "reader")
    #expect(handover.close() == "reader")
    #expect(handover.close() == nil)
  }

  @Test func `drops everything when abandoned`() {
    var handover = Letters(capacity: 1)
    _ = handover.send("a", weight: 1, from: "x")
    _ = handover.send("b", weight: 1, from: "y")
    let waiting = handover.abandon()
    #expect(waiting.sender == "y" && waiting.receiver == nil)
    #expect(handover.receive(for: "reader") == .end)
    #expect(handover.send("c", weight: 1, from: "x") == .refused)
  }

  @Test func `forgets whoever gives up waiting`() {
    var handover = Letters(capacity: 1)
    _ = handover.receive(for: "reader")
    #expect(handover.forgetReceiver() == "reader")
    #expect(handover.send("a", weight: 1, from: "x") == .stored)
    _ = handover.send("b", weight: 1, from: "y")
    #expect(handover.forgetSender() == "y")
    #expect(handover.receive(for: "reader") == .take("a", waking: nil))
    #expect(handover.receive(for: "reader") == .parked)
  }

  @Test func `counts elements, bytes, waits and the high water`() {
    var handover = Letters(capacity: 10)
    _ = handover.receive(for: "reader")
    for (letter, weight) in [("a", 3), ("b", 4), ("c", 5), ("d", 6)] as [(Character, Int)] {
      _ = handover.send(letter, weight: weight, from: "x")
    }
    let tally = handover.tally
    #expect(tally.elements == 4 && tally.bytes == 18 && tally.highWater == 9)
    #expect(tally.fullWaits == 1 && tally.emptyWaits == 1)
  }
}

struct `Queue of a hand-over` {
  @Test func `gives back what it got, in order`() {
    var queue = Queue<Int>()
    var got: [Int] = []
    for number in 0..<100 {
      queue.append(number)
      if number % 3 == 0, let first = queue.popFirst() { got.append(first) }
    }
    while let first = queue.popFirst() { got.append(first) }
    #expect(got == Array(0..<100) && queue.isEmpty)
  }
}
