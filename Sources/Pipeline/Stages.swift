import Synchronization

/// Runs stages that start, fail and end together.
///
/// The body sets up the stages, which begin at once, and receives from the last of them. When it
/// returns, stages that are still at work are cancelled. The first failure of a stage or of the
/// body cancels all the others, and is thrown after the last of them has ended.
///
///     try await withPipeline { line in
///       let lines = line.stage("read", holding: 1 << 20, weigh: \.utf8.count) { out in
///         while let text = try file.next() { try await out.send(text) }
///       }
///       let seeds = line.stage("parse", after: lines, holding: 1 << 20, weigh: \.weight) {
///         try Seed(parsing: $0)
///       }
///       for try await seed in seeds { try log.append(seed) }
///     }
///
/// A stage that blocks in a system call holds one thread of Swift's pool meanwhile.
public func withPipeline<Result>(
  isolation: isolated (any Actor)? = #isolation,
  _ body: (inout Stages) async throws -> Result
) async throws -> Result {
  let end = LineEnd()
  do {
    return try await withThrowingDiscardingTaskGroup { group in
      var stages = Stages(group: group, end: end)
      defer { group.cancelAll() }
      do {
        let result = try await body(&stages)
        end.succeed()
        return result
      } catch {
        _ = end.fail(error)
        throw error
      }
    }
  } catch {
    throw end.firstFailure ?? error
  }
}

/// The stages of one line, in the order in which they were set up.
public struct Stages {
  var group: ThrowingDiscardingTaskGroup<any Error>
  let end: LineEnd
  private var tellers: [() -> (stage: String, tally: StageTally)] = []

  init(group: ThrowingDiscardingTaskGroup<any Error>, end: LineEnd) {
    self.group = group
    self.end = end
  }

  /// What has gone through each stage up to now.
  public var tallies: [(stage: String, tally: StageTally)] { tellers.map { $0() } }

  /// Starts a stage that fills a channel by itself, from a file or from other channels.
  ///
  /// - Parameters:
  ///   - capacity: the weight of what may wait for the next stage, in bytes.
  ///   - weigh: the memory an element holds, in bytes.
  /// - Returns: the channel that the stage fills; it ends, or fails, with the stage.
  public mutating func stage<Element: Sendable>(
    _ name: String, holding capacity: Int, weigh: @escaping @Sendable (Element) -> Int,
    _ work: @escaping @Sendable (Channel<Element>) async throws -> Void
  ) -> Channel<Element> {
    let channel = Channel(name, holding: capacity, weigh: weigh)
    tellers.append { (name, channel.tally) }
    let end = end
    group.addTask {
      do {
        try await work(channel)
        channel.finish()
      } catch is NobodyReceives {
        channel.finish()
      } catch {
        let isFirst = end.fail(error)
        channel.finish(throwing: error)
        if isFirst { throw error }
      }
    }
    return channel
  }

  /// Starts a stage that makes one element, or none, of each that comes before it.
  public mutating func stage<Source: Sendable, Element: Sendable>(
    _ name: String, after source: Channel<Source>, holding capacity: Int,
    weigh: @escaping @Sendable (Element) -> Int,
    _ transform: @escaping @Sendable (Source) async throws -> Element?
  ) -> Channel<Element> {
    stage(name, holding: capacity, weigh: weigh) { channel in
      defer { source.abandon() }
      while let element = try await source.next() {
        if let made = try await transform(element) { try await channel.send(made) }
      }
    }
  }
}

/// How a line came to its end: the first thing that happened decides.
final class LineEnd: Sendable {
  private enum State {
    case running
    case done
    case failed(any Error)
  }

  private let state = Mutex(State.running)

  var firstFailure: (any Error)? {
    state.withLock { if case .failed(let error) = $0 { error } else { nil } }
  }

  func succeed() {
    state.withLock { if case .running = $0 { $0 = .done } }
  }

  /// Whether this is what ends the line.
  func fail(_ error: any Error) -> Bool {
    state.withLock { state in
      guard case .running = state else { return false }
      state = .failed(error)
      return true
    }
  }
}
