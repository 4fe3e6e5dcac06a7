import Synchronization

/// Hands elements from one stage to the next, and lets the faster one wait.
///
/// One task sends, one receives. What waits inside weighs at most `capacity` bytes; an element
/// heavier than that passes alone. A task that is cancelled while it waits stops waiting at once.
public final class Channel<Element: Sendable>: Sendable {
  private typealias Sender = CheckedContinuation<Void, any Error>
  private typealias Receiver = CheckedContinuation<Element?, any Error>

  public let name: String
  private let state: Mutex<State>
  private let weigh: @Sendable (Element) -> Int

  private struct State: Sendable {
    var handover: Handover<Element, Sender, Receiver>
    /// What the receiver is told after the last element, instead of a plain end.
    var failure: (any Error)?
  }

  /// - Parameters:
  ///   - capacity: the weight that may wait inside, in bytes.
  ///   - weigh: the memory an element holds, in bytes.
  public init(
    _ name: String, holding capacity: Int, weigh: @escaping @Sendable (Element) -> Int
  ) {
    self.name = name
    self.weigh = weigh
    state = Mutex(State(handover: Handover(capacity: capacity)))
  }

  public var tally: StageTally { state.withLock { $0.handover.tally } }

  /// Puts an element in, as soon as there is room.
  ///
  /// - Throws: `CancellationError` if the task is cancelled, ``NobodyReceives`` if the channel has
  ///   been abandoned.
  public func send(_ element: Element) async throws {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { sender in offer(element, from: sender) }
    } onCancel: {
      let parked = state.withLock { $0.handover.forgetSender() }
      parked?.resume(throwing: CancellationError())
    }
  }

  /// The next element, as soon as there is one; nil after the last.
  ///
  /// - Throws: what made the sending stage fail, or `CancellationError` if the task is cancelled.
  public func next() async throws -> Element? {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { receiver in ask(for: receiver) }
    } onCancel: {
      let parked = state.withLock { $0.handover.forgetReceiver() }
      parked?.resume(throwing: CancellationError())
    }
  }

  /// No more elements will come. With a `failure` the receiver gets that after the last element.
  public func finish(throwing failure: (any Error)? = nil) {
    let waiting = state.withLock { state in
      state.failure = state.failure ?? failure
      return state.handover.close()
    }
    if let waiting { end(waiting, throwing: failure) }
  }

  /// No more elements are wanted: what waits inside is dropped, and sending fails.
  public func abandon() {
    let (sender, receiver) = state.withLock { $0.handover.abandon() }
    sender?.resume(throwing: NobodyReceives())
    receiver?.resume(returning: nil)
  }

  // Whether the task is cancelled is asked under the lock: either it is seen here, or the handler
  // comes later and finds the continuation parked.

  private func offer(_ element: Element, from sender: Sender) {
    let weight = weigh(element)
    let outcome = state.withLock { state in
      Task.isCancelled ? nil : state.handover.send(element, weight: weight, from: sender)
    }
    switch outcome {
    case .stored: sender.resume()
    case .deliver(let receiver):
      receiver.resume(returning: element)
      sender.resume()
    case .parked: break
    case .refused: sender.resume(throwing: NobodyReceives())
    case nil: sender.resume(throwing: CancellationError())
    }
  }

  private func ask(for receiver: Receiver) {
    let outcome = state.withLock { state in
      Task.isCancelled ? nil : state.handover.receive(for: receiver)
    }
    switch outcome {
    case .take(let element, let sender):
      receiver.resume(returning: element)
      sender?.resume()
    case .parked: break
    case .end: end(receiver, throwing: state.withLock { $0.failure })
    case nil: receiver.resume(throwing: CancellationError())
    }
  }

  private func end(_ receiver: Receiver, throwing failure: (any Error)?) {
    if let failure { receiver.resume(throwing: failure) } else { receiver.resume(returning: nil) }
  }
}

/// The stage after this one has all it wants. A stage that lets this error pass ends in peace.
public struct NobodyReceives: Error {
  public init() {}
}

/// `for try await element in channel` receives until the end.
extension Channel: AsyncSequence {
  public struct Iterator: AsyncIteratorProtocol {
    let channel: Channel

    public func next() async throws -> Element? { try await channel.next() }
  }

  public func makeAsyncIterator() -> Iterator { Iterator(channel: self) }
}
