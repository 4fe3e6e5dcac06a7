import ArgumentParser
import RecordLog

struct Concat: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "One log of several, one behind the other.",
    discussion: """
      Records are numbered anew. Chunks are passed on as they are stored, without unpacking; \
      rlog rechunk packs records of many small chunks together. Barriers stay where their numbers rise \
      from log to log. (cat a.rlg b.rlg is a log, too, where b goes on where a ended.)
      """)

  @OptionGroup var logs: Logs
  @OptionGroup var making: MakingOptions

  func run() throws {
    var tally = Passage()
    let kind = try making.make(of: logs) { maker in
      let kind = try logs.eachStoredChunk(barrier: maker.pass) { try maker.append($0, from: $1) }
      tally = Passage(read: maker.count, written: maker.count)
      return kind
    }
    try making.tell(tally)
    if kind != .good { throw kind }
  }
}
