import ArgumentParser
import Foundation

/// Lets a language model teach itself: everything that `synpo` does hangs below this command.
@main
struct SynPOCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "synpo",
    abstract: "Lets a language model teach itself on one ordinary computer.",
    discussion: """
      Results go to standard output, everything else to standard error. Long flags may be written \
      with underscores, too: --top_k is --top-k.

      Exit codes: 0 done, 1 the run failed, 2 wrong usage or settings, 3 data failed \
      verification, 130 interrupted.
      """,
    version: "0.1.0",
    groupedSubcommands: [
      CommandGroup(
        name: "Loop",
        subcommands: [RunCommand.self, PlanCommand.self, InitCommand.self, StudyCommand.self]),
      CommandGroup(
        name: "Look",
        subcommands: [
          ReportCommand.self, WatchCommand.self, ExplainCommand.self, AnalyseCommand.self,
          DoctorCommand.self, CollectCommand.self,
        ]),
      CommandGroup(
        name: "Stage",
        subcommands: [
          SeedsCommand.self, KeywordsCommand.self, PromptsCommand.self, RespondCommand.self,
          ImproveCommand.self, PairsCommand.self, TrainCommand.self, EvalCommand.self,
          AgreementCommand.self,
        ]),
      CommandGroup(name: "Model", subcommands: [ModelCommand.self]),
    ])

  static func main() async {
    // A reader that has seen enough is no failure: writing then throws, and ends the program quietly.
    signal(SIGPIPE, SIG_IGN)
    do {
      var command = try parseAsRoot(withDashes(CommandLine.arguments.dropFirst()))
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      leave(with: error)
    }
  }
}
