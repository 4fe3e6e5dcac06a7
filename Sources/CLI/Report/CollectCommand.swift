import ArgumentParser
import Bytes
import Report
import SynPO

struct CollectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc",
    abstract: "Lists what a run can do without, and removes it if told to.",
    discussion: """
      Never touched are settings, logs, reports, and whatever a run that was interrupted goes on \
      from. A folder that is being worked on is refused.
      """)

  @Argument(
    help: ArgumentHelp("The output folder of a run.", valueName: "run"), completion: .directory)
  var folder: String
  @Flag(help: "Remove what is listed.") var delete = false
  @Flag(
    help: """
      Of a run that has ended also improvers, and policies other than the best and the last. Started \
      once more, the run would train them again.
      """)
  var models = false
  @Flag(help: "One JSON object an item.") var json = false

  func run() throws {
    let files = try RunFiles(folder)
    if files.job?.isRunning == true {
      throw ValidationError("\(folder) is being worked on; wait until the run has ended.")
    }
    let leftovers = RunLeftovers(of: files, withModels: models)
    for item in leftovers.items {
      if json {
        try Results.write(json: item)
      } else {
        try Results.write("\(ByteCount(item.bytes))  \(item.path)  (\(item.why))\n")
      }
    }
    if delete { try leftovers.delete() }
    let words = delete ? "removed" : "could be removed with --delete"
    Console.standard.note("\(counted(leftovers.items.count, "file")), \(leftovers.size): \(words)")
  }
}
