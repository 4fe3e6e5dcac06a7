public import Bytes

/// Why a model file was refused or could not be written. Every case says in which file and where.
public enum ModelFileError: Error, Equatable, Sendable {
  /// The file system refused.
  case file(FileError)
  /// The file does not begin like the kind it was opened as.
  case wrongKind(file: String, expected: String)
  case unsupportedVersion(file: String, found: UInt32, supported: String)
  /// The file ends before what it announces at byte `at`.
  case truncated(file: String, at: Int, wanted: Int, remaining: Int)
  /// A count or length that the file has no room for.
  case tooMany(file: String, what: String, claimed: UInt64, roomFor: Int)
  /// A file that is larger than anything of its kind should be.
  case tooLarge(file: String, bytes: Int, limit: Int)
  /// Content that contradicts the format; `place` is a key, a tensor or a byte offset.
  case malformed(file: String, place: String, problem: String)
  case tensorOutsideFile(file: String, tensor: String, endsAt: UInt64, fileBytes: Int)
  case tensorsOverlap(file: String, first: String, second: String)
  /// An index names one file for a tensor, which lies in another.
  case wrongShard(index: String, tensor: String, named: String, found: String)
  /// A tensor that is in two files of one model.
  case inTwoShards(tensor: String, first: String, second: String)
  /// A number format that cannot be read here.
  case unsupportedType(file: String, tensor: String, type: String)
  /// A tensor, key or companion file that must be there is not.
  case missing(file: String, what: String)
  /// The bytes are not those that were written.
  case damaged(file: String, part: String)
}

extension ModelFileError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .file(let error): "\(error)"
    case .wrongKind(let file, let expected):
      "\(file) is not a \(expected) file; check the path or its extension"
    case .unsupportedVersion(let file, let found, let supported):
      "\(file) has format version \(found), supported is \(supported); convert it again"
    case .truncated(let file, let at, let wanted, let remaining):
      "\(file) is cut short: \(wanted) bytes wanted at byte \(at), \(remaining) there; "
        + "fetch it again"
    case .tooMany(let file, let what, let claimed, let roomFor):
      "\(file) claims \(claimed) \(what), but has room for \(roomFor); fetch it again"
    case .tooLarge(let file, let bytes, let limit):
      "\(file) is too large for its kind: \(ByteCount(bytes)), at most \(ByteCount(limit))"
    case .malformed(let file, let place, let problem):
      "\(file), \(place): \(problem)"
    case .tensorOutsideFile(let file, let tensor, let endsAt, let fileBytes):
      "\(file): tensor \(tensor) ends at byte \(endsAt), the file at \(fileBytes); fetch it again"
    case .tensorsOverlap(let file, let first, let second):
      "\(file): the tensors \(first) and \(second) overlap"
    case .wrongShard(let index, let tensor, let named, let found):
      "\(index) names \(named) for the tensor \(tensor), which is in \(found); fetch the model again"
    case .inTwoShards(let tensor, let first, let second):
      "the tensor \(tensor) is in \(first) and again in \(second); remove what is no part of the model"
    case .unsupportedType(let file, let tensor, let type):
      "\(file): tensor \(tensor) has type \(type), which is not supported; "
        + "convert the model to F16 or Q8_0 first"
    case .missing(let file, let what): "\(file) has no \(what)"
    case .damaged(let file, let part):
      "\(file): the \(part) is damaged (its checksum does not match); import the model again"
    }
  }
}

extension ModelFileError {
  init(_ short: OutOfBytes, file: String) {
    self = .truncated(
      file: file, at: short.offset, wanted: short.wanted, remaining: short.remaining)
  }
}

/// Runs `body` and says of any failure below that it was the file system's.
func files<R: ~Copyable>(
  _ body: () throws(FileError) -> R
) throws(ModelFileError) -> R {
  do throws(FileError) { return try body() } catch { throw .file(error) }
}
