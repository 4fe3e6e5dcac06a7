/// A binary heap: the element that comes before all others is at hand.
struct Heap<Element> {
  private var elements: [Element] = []
  private let areInOrder: (Element, Element) -> Bool

  init(_ areInOrder: @escaping (Element, Element) -> Bool) { self.areInOrder = areInOrder }

  var first: Element? { elements.first }

  mutating func insert(_ element: Element) {
    elements.append(element)
    var child = elements.count - 1
    while child > 0, areInOrder(elements[child], elements[(child - 1) / 2]) {
      elements.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func replaceFirst(_ element: Element) {
    elements[0] = element
    sink()
  }

  mutating func removeFirst() {
    elements.swapAt(0, elements.count - 1)
    elements.removeLast()
    sink()
  }

  private mutating func sink() {
    var parent = 0
    while 2 * parent + 1 < elements.count {
      var child = 2 * parent + 1
      if child + 1 < elements.count, areInOrder(elements[child + 1], elements[child]) { child += 1 }
      guard areInOrder(elements[child], elements[parent]) else { return }
      elements.swapAt(child, parent)
      parent = child
    }
  }
}
