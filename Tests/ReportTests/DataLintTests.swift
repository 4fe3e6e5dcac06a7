import Corpus
import SynPO
import Testing

@testable import Report

struct DataLintTests {
  private func pair(_ number: Int, _ chosen: String, _ rejected: String) -> PreferencePair {
    PreferencePair(prompt: "prompt number \(number)", chosen: chosen, rejected: rejected)
  }

  private func checks(_ findings: [Finding]) -> [String] { findings.map(\.check) }

  @Test func `balanced data has no findings`() {
    let pairs = (0..<40).map {
      $0.isMultiple(of: 2)
        ? pair($0, "a long answer", "short") : pair($0, "short", "a long answer")
    }
    let seeds = ["Where is Rome?", "How tall is a giraffe in metres?", "Name a river."].map {
      Seed(prompt: $0, answer: "An answer to \($0)")
    }
    let held = [Seed(prompt: "What colour is the sea on a bright day?", answer: "Blue.")]
    #expect(DataLint.findings(seeds: seeds, heldBack: held, pairs: pairs).isEmpty)
  }

  @Test(arguments: [true, false])
  func `a bias to one length is found, whichever it is`(longer: Bool) {
    let pairs = (0..<30).map { number in
      (number < 25) == longer
        ? pair(number, "a long answer", "short") : pair(number, "no", "a long")
    }
    let found = DataLint.findings(pairs: pairs)
    #expect(checks(found) == ["length_bias"])
    #expect(found.first?.isWeighty == true && found.first?.count == 25)
    #expect(found.first?.words.contains(longer ? "longer" : "shorter") == true)
    #expect(DataLint.findings(pairs: Array(pairs.prefix(10))).isEmpty)
  }

  @Test func `sides that say the same are found, also in seeds`() {
    let found = DataLint.findings(
      seeds: [Seed(prompt: "p", answer: "Yes!", rejected: "yes")], pairs: [pair(1, "a b", "a  b")])
    #expect(checks(found) == ["equal_sides"] && found[0].count == 2)
  }

  @Test func `held-back seeds among what is learnt from are found`() {
    let text = "Tell me which of these four animals lives in the sea"
    let found = DataLint.findings(
      seeds: [Seed(prompt: "Something else entirely", answer: "a")],
      heldBack: [Seed(prompt: text, answer: "b")],
      prompts: [
        SyntheticPrompt(prompt: text + "!", keywords: [], origin: Origin()),
        SyntheticPrompt(prompt: "Which bird cannot fly?", keywords: [], origin: Origin()),
      ])
    #expect(checks(found) == ["leak_from_prompts"])
    #expect(found[0].isWeighty && found[0].count == 1 && found[0].total == 2)
  }

  @Test func `repetition and unusable lines are found`() {
    let loop = String(repeating: "again and ", count: 30)
    let found = DataLint.findings(
      seeds: [Seed(prompt: "p", answer: loop)],
      refused: [QuarantinedRecord(stage: "seeds", reason: "unusable line", detail: "no JSON")])
    #expect(checks(found) == ["repetitive", "unusable_lines"])
    let weighty = found.map(\.isWeighty)
    #expect(weighty == [true, true])
    #expect(found[1].examples == ["no JSON"])
  }
}

struct AlarmTests {
  private func validation(_ iteration: Int, right: Double, loss: Double = 1) -> Validation {
    var validation = Validation(iteration: iteration)
    (validation.accuracy, validation.goldLoss) = (right, loss)
    (validation.meanLength, validation.meanGoldLength) = (10, 10)
    return validation
  }

  private func kinds(_ validations: [Validation]) -> [Alarm.Kind] {
    Alarm.all(in: validations).map(\.kind)
  }

  @Test func `steady gain gives no alarm`() {
    #expect(kinds([0.3, 0.4, 0.5].enumerated().map { validation($0, right: $1) }).isEmpty)
    #expect(Alarm.all(in: []).isEmpty)
  }

  @Test func `two iterations without gain are stagnation, one is not`() {
    let gain = [validation(0, right: 0.3), validation(1, right: 0.5), validation(2, right: 0.4)]
    #expect(kinds(gain).isEmpty)
    #expect(kinds(gain + [validation(3, right: 0.5)]) == [.stagnation])
    #expect(kinds(gain + [validation(3, right: 0.6)]).isEmpty)
  }

  @Test func `repetition, a fall beside the scorer, and growth are alarms`() {
    var circling = validation(1, right: 0.4)
    circling.repetitive = 0.6
    #expect(kinds([validation(0, right: 0.3), circling]) == [.repetition])
    #expect(kinds([validation(0, right: 0.3), validation(1, right: 0.2)]) == [.generalFall])
    #expect(
      kinds([validation(0, right: 0.3), validation(1, right: 0.4, loss: 1.1)]) == [.generalFall])
    var long = validation(1, right: 0.4)
    long.meanLength = 16
    #expect(kinds([validation(0, right: 0.3), long]) == [.length])
  }
}
