import ArgumentParser
import Foundation
import SynPO

struct AgreementCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agreement",
    abstract: "Tells how often a scorer ranks answers as people do.",
    discussion: """
      A line of a file is a JSON object with `prompt`, `chosen` and `rejected`; tools/human-pairs \
      makes such lines of LLMBar and of OpenAssistant's trees. A scorer that is no better than the \
      longer, or the shorter, answer knows nothing.
      """)

  @Argument(help: "JSON lines with ranked pairs.", completion: .file()) var files: [String]
  @Option(help: ScorerHelp.text) var scorer: String?
  @OptionGroup var stage: StageOptions
  @Flag(help: "One JSON object.") var json = false

  func run() async throws {
    for file in files { try checkReadable(file) }
    let bench = try Workbench(settings: try stage.settings(further: scorerChange(scorer)))
    guard let agreement = try await bench.agreement(withPairsIn: files) else {
      throw ValidationError("No line has `prompt`, `chosen` and `rejected`.")
    }
    try tell(AgreementFacts(agreement: agreement), json: json)
  }
}

/// How a scorer did.
struct AgreementFacts: Facts {
  let agreement: Agreement

  func encode(to encoder: any Encoder) throws { try agreement.encode(to: encoder) }

  var text: String {
    columns([
      ("pairs", "\(agreement.pairs)"),
      (
        "ranked rightly",
        "\(percent(agreement.share)), 95 of 100: \(percent(agreement.low)) to "
          + percent(agreement.high)
      ),
      ("the longer one", percent(agreement.longer)),
      ("the shorter one", percent(agreement.shorter)),
    ])
  }
}

enum ScorerHelp {
  static let text: ArgumentHelp =
    "reward_head, trained_reward, judge, reward_model, external, exact, length or random."
}
