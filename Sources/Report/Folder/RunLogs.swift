internal import Bytes
public import Corpus
internal import Foundation
internal import RecordLog
public import SynPO

/// The logs of a run's folder, whether the run has ended or not.
public struct RunLogs: Sendable {
  public let folder: RunFolder

  public init(_ folder: RunFolder) { self.folder = folder }

  /// Iterations that have begun, from 1.
  public var iterations: Int {
    var count = 0
    while folder.exists("iteration-\(count + 1)") { count += 1 }
    return count
  }

  /// All records of one type in the log `name`; none where there is no such log. One that is still
  /// being written gives what is in it so far.
  public func records<R: CorpusRecord>(
    _: R.Type, in name: String, iteration: Int? = nil
  ) throws(CorpusError) -> [R] {
    let path = path(of: name, iteration)
    guard FileManager.default.fileExists(atPath: path), !isStub(path) else { return [] }
    let reader = try CorpusReader(path: path, mode: .tailTolerant)
    var all: [R] = []
    while let record = try reader.next(R.self, skippingOthers: true) { all.append(record) }
    return all
  }

  public func path(of name: String, _ iteration: Int? = nil) -> String {
    (iteration.map { folder.iteration($0) } ?? folder).file(name)
  }

  /// A log that was only just opened, or that a crash left with nothing in it.
  private func isStub(_ path: String) -> Bool {
    let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
    return (size ?? 0) == 0
  }
}
