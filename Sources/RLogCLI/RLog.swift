import ArgumentParser

/// Looks into record logs and makes them.
@main
struct RLog: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rlog",
    abstract: "Looks into record logs, and makes them from JSON lines and back.",
    discussion: """
      A log given as - is read from standard input, and every verb takes pipes. Records go to \
      standard output, everything else to standard error.

      Exit codes: 0 good, 1 usage, 2 damage, 3 unsealed or torn tail, 4 given up by its writer, \
      5 input or output failed, 6 unsupported, 7 limit exceeded; 8 diff found differences.

      Without this program: cat a.rlg | lz4 -dc prints the records, and verifies nothing.
      """,
    version: "1.0",
    subcommands: [
      Info.self, List.self, Cat.self, Head.self, Count.self, Verify.self, Import.self, Export.self,
      Tail.self, Get.self, Repair.self, Explain.self, Seal.self, Reindex.self,
      Filter.self, Stats.self, Sample.self, Shuffle.self, Sort.self, Merge.self, Split.self,
      Concat.self, Diff.self, Dedup.self, Rechunk.self, Copy.self, Schema.self, Meta.self,
      Cursor.self, Bench.self,
    ])

  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      leave(with: error)
    }
  }
}
