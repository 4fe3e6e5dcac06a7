import Bytes
import Foundation
import Synchronization

/// Standard error: what a person reads while the program works. Results never go here.
///
/// On a terminal the last line is a live one that shows how far the work has come; it makes way
/// for other text. May be used from any thread.
final class Console: Sendable {
  static let standard = Console()

  /// Whether the line of progress is rewritten in place.
  let isLive: Bool
  private let state = Mutex(State())

  private struct State {
    var line: ProgressLine?
    var isShown = false
    var isQuiet = false
  }

  init(isLive: Bool = isatty(STDERR_FILENO) == 1) { self.isLive = isLive }

  /// Leaves out notes and progress from here on; errors are still told.
  func becomeQuiet() { state.withLock { $0.isQuiet = true } }

  /// Tells something in a line of its own.
  func note(_ text: String) {
    guard !state.withLock(\.isQuiet) else { return }
    clear()
    write(text + "\n")
  }

  /// Shows how far work has come, as often as is good to look at. Work with another title than
  /// before starts its clock anew.
  func show(_ progress: Progress) {
    let isLive = isLive
    state.withLock { state in
      guard !state.isQuiet else { return }
      if state.line?.title != progress.title {
        state.line = ProgressLine(
          title: progress.title, interval: isLive ? .milliseconds(200) : .seconds(10),
          started: .now, showsAtOnce: isLive)
      }
      let memory = { ResidentMemory.now()?.own }
      guard let text = state.line?.text(for: progress, at: .now, memory: memory) else { return }
      state.isShown = isLive
      write(isLive ? "\r\u{1B}[2K" + text : text + "\n")
    }
  }

  /// Shows a line that takes the place of the live one; only on a terminal.
  func show(line: String) {
    state.withLock { state in
      guard !state.isQuiet, isLive else { return }
      state.isShown = true
      write("\r\u{1B}[2K" + line)
    }
  }

  /// Ends the work that was shown and takes the live line away.
  func clear() {
    state.withLock { state in
      if state.isShown { write("\r\u{1B}[2K") }
      state.isShown = false
      state.line = nil
    }
  }

  /// Writes as it is. What cannot be written is lost: there is nowhere left to complain.
  func write(_ text: String) {
    let file = OpenFile(owning: dup(STDERR_FILENO), path: "standard error")
    let bytes = Array(text.utf8)
    try? unsafe file.write(bytes.span.bytes)
  }
}
