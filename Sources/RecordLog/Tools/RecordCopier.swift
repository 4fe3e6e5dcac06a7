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
    let type = try self.type(record.type, of: description)
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
  /// - Throws: where the output has all the types that a log can have.
  public func type(
    _ id: UInt16, of description: LogDescription?
  ) throws(RecordLogError) -> UInt16 {
    guard id != 0 else { return 0 }
    let known = description?.type(id)
    let type = known ?? RecordType(id: id, name: "type \(id)", encoding: .bytes)
    if let there = types[type] { return there }
    let name = name(for: type)
    try writer.checkRoom(forType: name)
    let declared = writer.declare(name, encoding: type.encoding, preferring: id)
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

extension RecordLogWriter {
  /// Throws where the log has all the types that it can have, and none of this name: to be asked
  /// before one is declared that a file wants.
  public func checkRoom(forType name: String) throws(RecordLogError) {
    let count = description.types.count
    guard count < ChunkLayout.typesLimit || description.type(named: name) != nil else {
      throw failure(.budgetExceeded("types of records"))
    }
  }
}
