/// Gives out what was finished in any order in the order in which tickets were drawn.
struct InOrder<Element> {
  private var drawn = 0
  private var given = 0
  private var waiting: [Int: Element] = [:]

  mutating func ticket() -> Int {
    drawn += 1
    return drawn - 1
  }

  mutating func put(_ element: Element, at ticket: Int) { waiting[ticket] = element }

  /// Whether everything that was put in has been given out.
  var isEmpty: Bool { drawn == given }

  mutating func drain() -> [Element] {
    var ready: [Element] = []
    while let element = waiting.removeValue(forKey: given) {
      given += 1
      ready.append(element)
    }
    return ready
  }
}
