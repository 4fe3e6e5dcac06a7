/// Gives out what was finished in any order in the order in which tickets were drawn, or at once.
struct InOrder<Element> {
  private let isPatient: Bool
  private var drawn = 0
  private var put = 0
  private var given = 0
  private var waiting: [Int: Element] = [:]

  /// - Parameter isPatient: false where elements are given out in the order in which they come.
  init(isPatient: Bool = true) { self.isPatient = isPatient }

  mutating func ticket() -> Int {
    drawn += 1
    return drawn - 1
  }

  mutating func put(_ element: Element, at ticket: Int) {
    waiting[isPatient ? ticket : put] = element
    put += 1
  }

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
