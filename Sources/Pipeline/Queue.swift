/// First in, first out; both ends in constant time on average. What has left is not kept alive.
struct Queue<Element> {
  private var front: [Element] = []  // in reverse
  private var back: [Element] = []

  var isEmpty: Bool { front.isEmpty && back.isEmpty }

  mutating func append(_ element: Element) { back.append(element) }

  mutating func popFirst() -> Element? {
    if front.isEmpty {
      front = back.reversed()
      back = []
    }
    return front.popLast()
  }
}

extension Queue: Sendable where Element: Sendable {}
