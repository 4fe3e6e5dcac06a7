import ArgumentParser
import Bytes
import Foundation
import RecordLog

/// What the program's exit code says.
enum ExitKind: Int32, Error {
  case good = 0
  case usage, damage, unfinished, aborted, inputOutput, unsupported, limit
  /// Of rlog diff: the logs were read, and are not the same.
  case different

  init(_ category: RecordLogError.Category) {
    self =
      switch category {
      case .misuse: .usage
      case .damage: .damage
      case .unfinished: .unfinished
      case .aborted: .aborted
      case .inputOutput: .inputOutput
      case .unsupported: .unsupported
      case .limit: .limit
      }
  }

  init(_ ending: LogEnding?) {
    self =
      switch ending {
      case .sealed: .good
      case .aborted: .aborted
      case .unsealed, .torn, nil: .unfinished
      }
  }
}

/// A message for a person, on standard error.
func complain(_ message: String) {
  FileHandle.standardError.write(Data("rlog: \(message)\n".utf8))
}

/// Says what went wrong and ends the program with the code that stands for it.
func leave(with error: any Error) -> Never {
  switch error {
  case let kind as ExitKind: exit(kind.rawValue)
  case let error as RecordLogError where error.problem == .consumerGone: exit(0)
  case let error as RecordLogError:
    complain("\(error)")
    exit(ExitKind(error.category).rawValue)
  case let error as FileError where error.code == EPIPE: exit(0)
  case let error as FileError:
    complain("\(error)")
    exit(ExitKind.inputOutput.rawValue)
  case let error as ExpressionError:
    complain("\(error)")
    exit(ExitKind.usage.rawValue)
  case let error as UnalignedBarrier:
    complain("\(error)")
    exit(ExitKind.usage.rawValue)
  case let error as OutOfOrder:
    complain("\(error)")
    exit(ExitKind.usage.rawValue)
  case let error as TFRecordError:
    complain("\(error)")
    exit(ExitKind.damage.rawValue)
  default:
    if RLog.exitCode(for: error) == .success { RLog.exit(withError: error) }
    FileHandle.standardError.write(Data((RLog.fullMessage(for: error) + "\n").utf8))
    exit(ExitKind.usage.rawValue)
  }
}
