public import Bytes

/// Why a run could not be looked at.
public enum ReportError: Error, Equatable, Sendable {
  /// The folder holds no run.
  case noRun(folder: String)
  /// A file of the run is not what it should be.
  case unreadable(path: String, reason: String)
  /// No log below the folder holds the record.
  case noRecord(id: String, folder: String)
  /// The record cannot be made once more.
  case cannotRemake(id: String, reason: String)
  case file(FileError)
}

extension ReportError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noRun(let folder):
      "\(folder) holds no run: there is no run.yaml in it. Name the output folder of a 'synpo run'"
    case .unreadable(let path, let reason):
      "\(path): \(reason). If another version wrote it, use that one"
    case .noRecord(let id, let folder):
      "no log in \(folder) holds a record \(id); 'rlog cat LOG | jq -r .id' lists a log's ids"
    case .cannotRemake(let id, let reason): "\(id) cannot be made again: \(reason)"
    case .file(let error): "\(error)"
    }
  }
}
