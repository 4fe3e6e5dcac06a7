import Bytes
import ModelConversion

/// What a conversion did, for people and for programs.
struct ConversionFacts: Facts {
  struct Left: Encodable {
    var tensor: String
    var reason: String
  }

  var output: String
  var tensors: Int
  var bytes: Int
  var keptExactly: Int
  var quantised: Int
  var leftInFloat: [Left]
  var fingerprint: String?

  init(_ report: ConversionReport, output: String) {
    self.output = output
    tensors = report.tensors
    bytes = report.bytes
    keptExactly = report.keptExactly
    quantised = report.quantised
    leftInFloat = report.leftInFloat.map { Left(tensor: $0.name, reason: $0.reason) }
    fingerprint = report.fingerprint.isEmpty ? nil : report.fingerprint
  }

  var text: String {
    var rows = [
      ("tensors", "\(tensors), \(ByteCount(bytes))"),
      ("kept exactly", "\(keptExactly)"),
      ("rounded to 8 bits", "\(quantised)"),
      ("left in float", "\(leftInFloat.count)"),
    ]
    for (reason, names) in namesByReason { rows.append(("", "\(reason): \(names)")) }
    if let fingerprint { rows.append(("fingerprint", fingerprint)) }
    return "\(output)\n" + columns(rows)
  }

  /// Reasons with a few of the tensors that they concern.
  private var namesByReason: [(String, String)] {
    Dictionary(grouping: leftInFloat, by: \.reason).sorted { $0.key < $1.key }.map { entry in
      let names = entry.value.prefix(3).map(\.tensor).joined(separator: ", ")
      let more = entry.value.count - 3
      return (entry.key, more > 0 ? "\(names) and \(more) more" : names)
    }
  }
}

/// What can be told in words and as JSON.
protocol Facts: Encodable {
  var text: String { get }
}

/// Writes `facts` as the person asked for it.
func tell(_ facts: some Facts, json: Bool) throws {
  if json { try Results.write(json: facts) } else { try Results.write(facts.text) }
}
