/// Appends records of any logs to one, under the types that it has or gets for them.
public final class RecordCopier {
  public let writer: RecordLogWriter
  public internal(set) var count: UInt64 = 0
  private var types: [RecordType: UInt16] = [:]

  public init(to writer: RecordLogWriter) { self.writer = writer }

  /// - Parameters:
  ///   - description: of the log that the record comes from.
  ///   - cursor: see ``RecordLogWriter/append(_:type:cursor:)``.
  public func append(
    _ record: Record, of description: LogDescription?, cursor: UInt64? = nil
  ) throws(RecordLogError) {
    let type = self.type(record.type, of: description)
    try writer.append(record.bytes, type: type, cursor: cursor)
    count += 1
  }

  /// Passes a barrier on. One whose number is no greater than the last one's is another log's, and is
  /// left out.
  public func pass(_ barrier: Barrier, keepingCursor: Bool = false) throws(RecordLogError) {
    guard barrier.number > writer.lastBarrier else { return }
    let cursor = keepingCursor && barrier.cursor > 0 ? barrier.cursor : nil
    try writer.barrier(barrier.number, cursor: cursor)
  }

  /// The output's id for an input's type. One that was not declared counts as bytes.
  public func type(_ id: UInt16, of description: LogDescription?) -> UInt16 {
    guard id != 0 else { return 0 }
    let known = description?.type(id)
    let type = known ?? RecordType(id: id, name: "type \(id)", encoding: .bytes)
    if let there = types[type] { return there }
    let declared = writer.declare(
      name(for: type), encoding: type.encoding, preferring: id)
    types[type] = declared
    return declared
  }

  /// A name means one encoding: where two logs do not agree on it, the later one gets another name.
  private func name(for type: RecordType) -> String {
    let there = writer.description.type(named: type.name)
    let isTaken = there.map { $0.encoding != type.encoding } ?? false
    return isTaken ? "\(type.name) (\(type.encoding.rawValue))" : type.name
  }
}
