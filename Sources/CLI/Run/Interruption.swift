import Dispatch
import Foundation

/// What Ctrl-C does to work that can be taken up again.
enum Interruption {
  /// Lets Ctrl-C end the program at once, with `farewell` and exit code 130. What is durable by then
  /// is enough to go on from: nothing has to be brought to an end first.
  ///
  /// - Returns: a watch that lasts as long as it is kept and not cancelled.
  static func watch(_ farewell: String) -> any DispatchSourceSignal {
    signal(SIGINT, SIG_IGN)
    // A queue of its own gets a thread of its own, however busy the others are.
    let source = DispatchSource.makeSignalSource(
      signal: SIGINT, queue: DispatchQueue(label: "interruption"))
    source.setEventHandler {
      Console.standard.clear()
      Console.standard.write("synpo: \(farewell)\n")
      _exit(ExitKind.interrupted.rawValue)
    }
    source.resume()
    return source
  }
}
