import ArgumentParser
import RecordLog

struct Repair: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Makes a whole log of what can be read of a damaged one.",
    discussion: """
      The damaged log, a file or a folder, is never changed. The new one is a file, sealed and \
      verified; it numbers its records without gaps, and the report says which numbers they had. \
      --fix-bits turns single wrong bits back where that makes every checksum hold. The exit code is 2 \
      where records are missing.
      """)

  @Argument(help: "The damaged log.", completion: .file()) var log: String

  @Option(name: .shortAndLong, help: "The new log, which must not exist.", completion: .file())
  var output: String

  @Option(
    help: "all records, or those before the first or after the last damage.",
    transform: Repair.parts)
  var keep = KeptRecords.all

  @Flag(help: "Turn single wrong bits back.") var fixBits = false

  @Flag(name: [.customLong("report"), .customLong("json")], help: "The report as JSON.")
  var report = false

  private static func parts(_ text: String) throws -> KeptRecords {
    guard let parts = KeptRecords(rawValue: text) else {
      throw ValidationError("--keep takes all, before or after, not \(text).")
    }
    return parts
  }

  private struct Report: Encodable {
    var records: UInt64
    /// Sequence numbers, from and up to but not including.
    var kept: [[UInt64]]
    var lost: [[UInt64]]
    var regions: [RegionLine]
    var fixedBits: [[UInt64]]
    /// Of a folder: the file that each of the bits is in.
    var fixedFiles: [String]?

    enum CodingKeys: String, CodingKey {
      case records, kept, lost, regions
      case fixedBits = "fixed_bits"
      case fixedFiles = "fixed_files"
    }

    init(_ result: RepairReport) {
      records = result.records
      kept = result.kept.map { [$0.lowerBound, $0.upperBound] }
      lost = result.lost.map { [$0.lowerBound, $0.upperBound] }
      regions = result.regions.map { RegionLine($0) }
      fixedBits = result.fixed.map { [$0.flip.place, UInt64($0.flip.bit)] }
      if result.fixed.contains(where: { $0.file != nil }) {
        fixedFiles = result.fixed.map { $0.file ?? "" }
      }
    }
  }

  func run() throws {
    var repair = LogRepair()
    repair.keep = keep
    repair.fixesBits = fixBits
    let result = try repair.run(from: log, to: output)
    let out = try Output()
    if report { try out.json(Report(result)) } else { tell(result) }
    try out.flush()
    let isComplete = result.regions.allSatisfy { $0.lostRecords == 0 }
    if !isComplete { throw ExitKind.damage }
  }

  private func tell(_ result: RepairReport) {
    for bit in result.fixed {
      let file = bit.file.map { "\($0), " } ?? ""
      complain("\(file)byte \(bit.flip.place): bit \(bit.flip.bit) turned back")
    }
    for region in result.regions { complain("\(region)") }
    complain("\(result.records) records are in \(output), sealed and verified")
  }
}
