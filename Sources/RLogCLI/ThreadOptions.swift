import ArgumentParser
import Foundation

/// How many threads a verb that writes a log may use.
struct ThreadOptions: ParsableArguments {
  @Option(
    name: [.customShort("T"), .long],
    help: "How many threads pack chunks beside the one that reads; the log is the same either way.")
  var threads = min(ProcessInfo.processInfo.activeProcessorCount - 1, 8)

  func validate() throws {
    guard (0...256).contains(threads) else {
      throw ValidationError("--threads takes 0 to 256, not \(threads).")
    }
  }
}
