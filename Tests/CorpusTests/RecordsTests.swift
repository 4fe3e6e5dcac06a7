import Foundation
import Testing

@testable import Corpus

struct `Records of the corpus` {
  private let origin = Origin(
    parents: ["00ff", "a1"], iteration: 2, model: "m0", settings: "s1", seed: 7)

  private func columns(_ record: some CorpusRecord) throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(try record.line()))
    return try #require(object as? [String: Any])
  }

  private func roundTrips<R: CorpusRecord>(_ record: R) throws -> Bool {
    try R(json: record.line()) == record
  }

  @Test func `come back from JSON as they went`() throws {
    let seed = Seed(
      prompt: "p\n\"q\"", history: [Message(.system, "s")], answer: "ä", rejected: "r", source: "f")
    #expect(try roundTrips(seed))
    #expect(try roundTrips(Seed(prompt: "p", answer: "a")))
    #expect(try roundTrips(KeywordList(keywords: ["a", "b"], source: "x", origin: origin)))
    #expect(
      try roundTrips(SyntheticPrompt(prompt: "p", keywords: ["a"], solution: "s", origin: origin)))
    #expect(try roundTrips(Answer(.rewrite, prompt: "p", answer: "a", score: 0.25, origin: origin)))
    #expect(try roundTrips(PreferencePair(prompt: "p", chosen: "c", rejected: "r")))
    #expect(
      try roundTrips(
        QuarantinedRecord(
          stage: "pairs", reason: "gap", detail: "d", text: "t", file: "f", line: 1, offset: 0,
          origin: origin)))
  }

  @Test func `are one line each, whatever the text holds`() throws {
    let line = try Seed(prompt: "a\nb\r\u{2028}", answer: "\u{0}\u{7f}").line()
    #expect(line.filter { $0 == 10 || $0 == 13 }.count == 1 && line.last == 10)
  }

  @Test func `a pair has the columns that other trainers load`() throws {
    let pair = PreferencePair(
      prompt: "p", chosen: "c", rejected: "r", scoreChosen: 0.5, scoreRejected: -1,
      source: "synpo", origin: origin)
    let columns = try columns(pair)
    for (key, text) in ["prompt": "p", "chosen": "c", "rejected": "r", "source": "synpo"] {
      #expect(columns[key] as? String == text)
    }
    #expect(columns["score_chosen"] as? Double == 0.5)
    #expect(columns["score_rejected"] as? Double == -1)
    #expect(columns["iteration"] as? Int == 2 && columns["seed"] as? Int == 7)
    #expect(columns["parents"] as? [String] == ["00ff", "a1"])
    #expect(columns["model"] as? String == "m0" && columns["settings"] as? String == "s1")
    #expect(columns["id"] as? String == pair.id)
  }

  @Test func `a seed has the columns of a prompt with its completion`() throws {
    let columns = try columns(Seed(prompt: "p", answer: "a"))
    #expect(columns.keys.sorted() == ["completion", "id", "prompt"])
  }

  @Test func `have ids that depend on words and lineage, and on nothing else`() {
    let seed = Seed(prompt: "p", answer: "a", source: "here")
    #expect(seed.id == Seed(prompt: "p", answer: "a", source: "there").id)
    #expect(seed.id.count == 16)
    let ids = [
      seed.id, Seed(prompt: "pa", answer: "").id, Seed(prompt: "", answer: "pa").id,
      Seed(prompt: "p", history: [Message(.user, "x")], answer: "a").id,
      Answer(.draft, prompt: "p", answer: "a", origin: Origin()).id,
      Answer(.rewrite, prompt: "p", answer: "a", origin: Origin()).id,
      Answer(.draft, prompt: "p", answer: "a", origin: Origin(iteration: 1)).id,
      Answer(.draft, prompt: "p", answer: "a", origin: Origin(parents: ["1"])).id,
    ]
    #expect(Set(ids).count == ids.count)
  }

  @Test func `hash as FNV-1a does`() {
    // The parts are hashed with their lengths: "a" is 01 00 00 00 00 00 00 00 61.
    #expect(RecordID.of() == "cbf29ce484222325")
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in [1, 0, 0, 0, 0, 0, 0, 0, 0x61] as [UInt64] {
      hash = (hash ^ byte) &* 1_099_511_628_211
    }
    #expect(RecordID.of("a") == String(hash, radix: 16))
  }

  @Test func `a score that is no number is an error, not a crash`() {
    let pair = PreferencePair(prompt: "p", chosen: "c", rejected: "r", scoreChosen: .nan)
    #expect(throws: CorpusError.notJSON(type: "synpo.pair.v1", id: pair.id)) { try pair.line() }
  }

  @Test(arguments: [
    ("{}", "the column 'id' is missing"),
    ("{\"id\":\"1\",\"prompt\":3}", "the column 'prompt' has another type than expected"),
    ("{\"id\":", "not valid JSON"),
  ])
  func `say in words what is wrong with their JSON`(json: String, reason: String) {
    #expect(throws: JSONProblem(reason)) { try Seed(json: json.utf8) }
  }
}
