internal import Corpus

/// A record with everything it was made from, back to seeds and paragraphs.
public struct Lineage: Sendable {
  /// The record itself first, then its parents, their parents, and so on; each once.
  public let records: [StoredRecord]
  /// Ids that are named as parents and are in no log below the folder.
  public let missing: [String]
  /// Logs are read once for each generation; a story has six at most.
  private static let mostGenerations = 16

  public init(of id: String, in search: LogSearch) throws {
    guard let first = try search.records([id])[id] else {
      throw ReportError.noRecord(id: id, folder: search.folder)
    }
    var all = [first]
    var known: Set = [id]
    var missing: [String] = []
    var wanted = first.origin.parents
    for _ in 0..<Self.mostGenerations where !wanted.isEmpty {
      let fresh = Set(wanted).subtracting(known)
      known.formUnion(fresh)
      let found = try search.records(fresh)
      missing += fresh.filter { found[$0] == nil }.sorted()
      let next = fresh.sorted().compactMap { found[$0] }
      all += next
      wanted = next.flatMap(\.origin.parents)
    }
    (records, self.missing) = (all, missing)
  }

  public var record: StoredRecord { records[0] }

  public func record(_ id: String) -> StoredRecord? { records.first { $0.id == id } }
}
