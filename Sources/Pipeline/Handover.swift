/// Who waits, who runs and who is woken at a bounded hand-over between two stages.
///
/// Only decisions live here: no lock, no task, no clock. ``Channel`` keeps one of these behind its
/// lock and carries the decisions out after letting the lock go.
///
/// Invariants: nobody waits to receive while something is stored, and nobody waits to send while
/// nothing is; what is stored weighs at most `capacity`, or it is a single element.
struct Handover<Element, Sender, Receiver> {
  enum OnSend {
    case stored
    case deliver(to: Receiver)
    case parked
    case refused
  }

  enum OnReceive {
    case take(Element, waking: Sender?)
    case parked
    case end
  }

  private var stored = Queue<(element: Element, weight: Int)>()
  private var storedWeight = 0
  private var blocked: (element: Element, weight: Int, sender: Sender)?
  private var idle: Receiver?
  private var isClosed = false
  private let capacity: Int
  private(set) var tally = StageTally()

  /// - Parameter capacity: the weight, in bytes, that may be stored. An element heavier than that
  ///   passes when nothing else is stored.
  init(capacity: Int) {
    precondition(capacity > 0, "a hand-over that holds nothing moves nothing")
    self.capacity = capacity
  }

  mutating func send(_ element: Element, weight: Int, from sender: Sender) -> OnSend {
    if isClosed { return .refused }
    precondition(blocked == nil, "one stage feeds a channel; two tried to")
    tally.elements += 1
    tally.bytes += weight
    if let receiver = idle.take() { return .deliver(to: receiver) }
    guard hasRoom(for: weight) else {
      tally.fullWaits += 1
      blocked = (element, weight, sender)
      return .parked
    }
    store(element, weight: weight)
    return .stored
  }

  mutating func receive(for receiver: Receiver) -> OnReceive {
    precondition(idle == nil, "one stage empties a channel; two tried to")
    guard let (element, weight) = stored.popFirst() else {
      if isClosed { return .end }
      tally.emptyWaits += 1
      idle = receiver
      return .parked
    }
    storedWeight -= weight
    guard let next = blocked, hasRoom(for: next.weight) else {
      return .take(element, waking: nil)
    }
    blocked = nil
    store(next.element, weight: next.weight)
    return .take(element, waking: next.sender)
  }

  /// Nothing more will be sent; what is stored can still be received. The receiver that is
  /// returned waits in vain.
  mutating func close() -> Receiver? {
    isClosed = true
    return idle.take()
  }

  /// Nobody wants more: what is stored is dropped, and sending is refused from now on. Those
  /// returned wait in vain.
  mutating func abandon() -> (sender: Sender?, receiver: Receiver?) {
    stored = Queue()
    storedWeight = 0
    isClosed = true
    return (blocked.take()?.sender, idle.take())
  }

  /// Forgets the sender that is parked, and its element.
  mutating func forgetSender() -> Sender? { blocked.take()?.sender }

  /// Forgets the receiver that is parked.
  mutating func forgetReceiver() -> Receiver? { idle.take() }

  private func hasRoom(for weight: Int) -> Bool {
    stored.isEmpty || storedWeight + weight <= capacity
  }

  private mutating func store(_ element: Element, weight: Int) {
    stored.append((element, weight))
    storedWeight += weight
    tally.highWater = max(tally.highWater, storedWeight)
  }
}

extension Handover.OnSend: Equatable where Receiver: Equatable {}
extension Handover.OnReceive: Equatable where Element: Equatable, Sender: Equatable {}
extension Handover: Sendable where Element: Sendable, Sender: Sendable, Receiver: Sendable {}
