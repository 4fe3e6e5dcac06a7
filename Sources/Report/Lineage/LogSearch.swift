internal import Corpus
internal import Foundation
internal import RecordLog

/// Looks for records by their ids in all logs below a folder.
public struct LogSearch: Sendable {
  public let folder: String

  public init(_ folder: String) { self.folder = folder }

  /// The first record found under each id. One pass over all logs, a record at a time.
  public func records(_ ids: Set<String>) throws -> [String: StoredRecord] {
    var found: [String: StoredRecord] = [:]
    for path in logs where found.count < ids.count {
      let reader: RecordLogReader
      do throws(RecordLogError) {
        reader = try RecordLogReader(path: path, options: ReadOptions(mode: .tailTolerant))
        while let record = try reader.next() {
          guard let id = Self.id(in: record.bytes), ids.contains(id), found[id] == nil else {
            continue
          }
          found[id] = try? StoredRecord(
            type: record.typeName ?? "", bytes: record.bytes, path: path,
            sequence: record.sequence)
        }
      } catch {
        // A log that is just begun, or damaged, does not hide what stands in the others.
        continue
      }
    }
    return found
  }

  /// Logs below the folder, in the order of their names. Links are not followed.
  var logs: [String] {
    let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    return names.filter { $0.hasSuffix(".rlg") }.sorted().map { "\(folder)/\($0)" }
  }

  /// The value of the key `id`. A quote inside a text is escaped, so the first `"id":"` is the key.
  static func id(in json: [UInt8]) -> String? {
    let key = Array("\"id\":\"".utf8)
    var place = 0
    while let quote = json[place...].firstIndex(of: key[0]) {
      guard quote + key.count < json.count else { return nil }
      if json[quote..<quote + key.count].elementsEqual(key) {
        let value = json[(quote + key.count)...].prefix { $0 != key[0] }
        return String(decoding: value, as: UTF8.self)
      }
      place = quote + 1
    }
    return nil
  }
}

extension StoredRecord {
  /// All records of a log that are of known types; for small logs.
  static func all(in path: String) throws -> [StoredRecord] {
    let reader = try RecordLogReader(path: path, options: ReadOptions(mode: .tailTolerant))
    var all: [StoredRecord] = []
    while let record = try reader.next() {
      let stored = try StoredRecord(
        type: record.typeName ?? "", bytes: record.bytes, path: path, sequence: record.sequence)
      if let stored { all.append(stored) }
    }
    return all
  }
}
