import ArgumentParser
import RecordLog

struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Which records two logs do not have in common, by number and content.",
    discussion: """
      One line for each: < only in the first, > only in the second, ! different in both. The exit \
      code is 8 where there is a difference.
      """)

  @Argument(help: "The first log.", completion: .file()) var first: String
  @Argument(help: "The second log; one of both may be -.", completion: .file()) var second: String
  @Flag(help: "One JSON object per difference, and one with the sums.") var json = false

  private struct Difference: Encodable {
    enum Kind: String, Encodable { case first, second, both }
    var seq: UInt64
    var differs: Kind
  }

  private struct Sums: Encodable, CustomStringConvertible {
    var same: UInt64 = 0
    var onlyFirst: UInt64 = 0
    var onlySecond: UInt64 = 0
    var changed: UInt64 = 0

    enum CodingKeys: String, CodingKey {
      case same, changed
      case onlyFirst = "only_first"
      case onlySecond = "only_second"
    }

    var description: String {
      "\(same) the same, \(changed) changed, \(onlyFirst) only in the first, "
        + "\(onlySecond) only in the second"
    }
    var isSame: Bool { onlyFirst == 0 && onlySecond == 0 && changed == 0 }
  }

  func run() throws {
    let output = try Output()
    defer { try? output.flush() }
    let readers = (try open(first), try open(second))
    var sums = Sums()
    var a = try readers.0.next()
    var b = try readers.1.next()
    while a != nil || b != nil {
      let (numberA, numberB) = (a?.sequence ?? .max, b?.sequence ?? .max)
      if numberA < numberB {
        sums.onlyFirst += 1
        try tell(Difference(seq: numberA, differs: .first), to: output)
      } else if numberB < numberA {
        sums.onlySecond += 1
        try tell(Difference(seq: numberB, differs: .second), to: output)
      } else if a?.bytes == b?.bytes, a?.typeName == b?.typeName {
        sums.same += 1
      } else {
        sums.changed += 1
        try tell(Difference(seq: numberA, differs: .both), to: output)
      }
      if numberA <= numberB { a = try readers.0.next() }
      if numberB <= numberA { b = try readers.1.next() }
    }
    if json { try output.json(sums) } else { complain("\(sums)") }
    try output.flush()
    let kinds = [tellEnding(readers.0), tellEnding(readers.1)]
    if let kind = kinds.first(where: { $0 != .good }) { throw kind }
    if !sums.isSame { throw ExitKind.different }
  }

  private func tell(_ difference: Difference, to output: Output) throws {
    if json { return try output.json(difference) }
    let sign =
      switch difference.differs {
      case .first: "<"
      case .second: ">"
      case .both: "!"
      }
    try output.line("\(sign) \(difference.seq)")
  }
}
