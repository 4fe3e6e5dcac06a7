import ArgumentParser
import Bytes
import Corpus
import Foundation
import ModelConversion
import ModelFile
import RecordLog
import Report
import SynPO
import Tokenization
import Training
import Transformer

/// What the program's exit code says.
enum ExitKind: Int32, Error {
  case done = 0
  case failed = 1
  /// Flags, settings, or a file that was named and is not there.
  case usage = 2
  /// Bytes are not what they should be.
  case unverified = 3
  case interrupted = 130
}

/// Says what went wrong and ends the program with the code that stands for it.
func leave(with error: any Error) -> Never {
  Console.standard.clear()
  switch error {
  case let kind as ExitKind: exit(kind.rawValue)
  case let error as FileError where error.code == EPIPE: exit(ExitKind.done.rawValue)
  default: break
  }
  switch SynPOCommand.exitCode(for: error) {
  case .success: SynPOCommand.exit(withError: error)
  case .validationFailure:
    Console.standard.write(withOwnPrefix(SynPOCommand.fullMessage(for: error)) + "\n")
    exit(ExitKind.usage.rawValue)
  default:
    Console.standard.write("synpo: error: \(error)\(remedy(error))\n")
    exit(ExitKind(error).rawValue)
  }
}

/// What can be done about a log that is damaged or was cut.
private func remedy(_ error: any Error) -> String {
  let damage =
    switch error {
    case CorpusError.log(let error): error
    case let error as RecordLogError: error
    default: RecordLogError?.none
    }
  return damage?.category == .damage
    ? "; 'rlog repair' makes a whole log of what can be read" : ""
}

/// The parser's message with the beginning that all of ours have.
private func withOwnPrefix(_ message: String) -> String {
  message.hasPrefix("Error: ") ? "synpo: error: " + message.dropFirst(7) : message
}

extension ExitKind {
  init(_ error: any Error) {
    self =
      switch error {
      case let error as FileError: ExitKind(error)
      case let error as ModelFileError: ExitKind(error)
      case let error as ModelConversionError: ExitKind(error)
      case let error as TransformerError: ExitKind(error)
      case let error as TokenizerError: ExitKind(error)
      case let error as CorpusError: ExitKind(error)
      case let error as RecordLogError: ExitKind(error)
      case let error as SynPOError: ExitKind(error)
      case let error as ReportError: ExitKind(error)
      case is SettingsError: .usage
      default: .failed
      }
  }

  private init(_ error: FileError) {
    let isMisnamed = error.operation == .open && [ENOENT, ENOTDIR, EISDIR].contains(error.code)
    self = isMisnamed ? .usage : .failed
  }

  private init(_ error: ModelFileError) {
    self =
      switch error {
      case .file(let error): ExitKind(error)
      case .wrongKind: .usage
      case .unsupportedVersion, .unsupportedType: .failed
      case .truncated, .tooMany, .tooLarge, .malformed, .tensorOutsideFile, .tensorsOverlap,
        .wrongShard, .inTwoShards, .missing, .damaged:
        .unverified
      }
  }

  private init(_ error: ModelConversionError) {
    self =
      switch error {
      case .file(let error): ExitKind(error)
      case .model(let error): ExitKind(error)
      case .tokenizer(_, let error): ExitKind(error)
      case .unknownKind: .usage
      case .unknownArchitecture, .unsupported, .tooLargeForType, .cannotMakeFolder: .failed
      case .badSetting, .missingTensor, .unexpectedTensor, .wrongShape, .notFinite: .unverified
      }
  }

  private init(_ error: TransformerError) {
    self =
      switch error {
      case .missingKey, .missingTensor, .wrongShape, .impossibleShape: .unverified
      case .unknownArchitecture, .unsupported, .unreadable, .tooLong: .failed
      }
  }

  private init(_ error: TokenizerError) {
    self =
      switch error {
      case .unknownModel, .unknownPreTokenizer, .unsupported: .failed
      default: .unverified
      }
  }

  private init(_ error: CorpusError) {
    self =
      switch error {
      case .file(let error): ExitKind(error)
      case .log(let error): ExitKind(error)
      case .noSeeds, .badRecord: .unverified
      case .wrongType: .usage
      case .notJSON: .failed
      }
  }

  private init(_ error: RecordLogError) {
    self =
      switch error.category {
      case .damage, .unfinished: .unverified
      case .misuse: .usage
      case .aborted, .inputOutput, .unsupported, .limit: .failed
      }
  }

  private init(_ error: SynPOError) {
    self =
      switch error {
      case .file(let error): ExitKind(error)
      case .noTemplate, .otherSettings, .memory, .badMemory, .missingBarrier: .usage
      default: .failed
      }
  }

  private init(_ error: ReportError) {
    self =
      switch error {
      case .noRun, .noRecord: .usage
      case .unreadable: .unverified
      case .cannotRemake: .failed
      case .file(let error): ExitKind(error)
      }
  }
}
