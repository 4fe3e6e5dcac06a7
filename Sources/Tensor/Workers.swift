import Glibc

/// Threads that wait for work, so that a product does not start any.
///
/// Results never depend on their number: work is cut into units by shape alone, and each unit is
/// computed by one thread in a fixed order.
public final class Workers: Sendable {
  public let threads: Int
  private let crew: Crew?

  /// All cores of this machine, or as many as `SYNPO_THREADS` says.
  public static let shared = Workers(threads: defaultThreads)

  /// - Parameter threads: the caller of `run` is one of them; the others are started here.
  public init(threads: Int) {
    precondition(threads >= 1, "\(threads) threads can do no work")
    self.threads = threads
    crew = threads > 1 ? Crew(helpers: threads - 1) : nil
  }

  deinit { crew?.end() }

  /// Calls `body` for each unit in `0..<units`, spread over the threads; returns when all are done.
  ///
  /// May be called from several threads at once; they take turns. A call from within a unit runs
  /// in the calling thread.
  public func run(_ units: Int, _ body: @Sendable (Int) -> Void) {
    guard let crew, units > 1, !ThreadMark.isSet else {
      for unit in 0..<max(units, 0) { body(unit) }
      return
    }
    crew.run(units, body)
  }

  /// Calls `body` for consecutive ranges of `size` that cover `0..<count`.
  func share(_ count: Int, by size: Int, _ body: @Sendable (Range<Int>) -> Void) {
    run((count + size - 1) / size) { unit in
      body(unit * size..<min(count, (unit + 1) * size))
    }
  }

  private static var defaultThreads: Int {
    if let text = unsafe getenv("SYNPO_THREADS"), let wanted = unsafe Int(String(cString: text)),
      wanted >= 1
    {
      return wanted
    }
    return max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  }
}
