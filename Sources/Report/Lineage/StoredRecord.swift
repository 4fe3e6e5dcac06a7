public import Corpus
internal import Foundation

/// A record of the corpus with the place where it was found.
public struct StoredRecord: Sendable {
  public enum Content: Sendable {
    case seed(Seed)
    case keywords(KeywordList)
    case prompt(SyntheticPrompt)
    case answer(Answer)
    case pair(PreferencePair)
    case refused(QuarantinedRecord)
  }

  public let content: Content
  /// The log, and the record's number in it.
  public let path: String
  public let sequence: UInt64
  /// The record as it stands in the log.
  public let bytes: [UInt8]

  /// - Throws: where the bytes are not what the type promises; nil for types unknown here.
  init?(type: String, bytes: [UInt8], path: String, sequence: UInt64) throws {
    func decode<R: CorpusRecord>(_: R.Type) throws -> R {
      do { return try JSONDecoder().decode(R.self, from: Data(bytes)) } catch {
        throw ReportError.unreadable(
          path: path, reason: "record \(sequence) is not a \(type) as this version writes it")
      }
    }
    switch type {
    case Seed.typeName: content = .seed(try decode(Seed.self))
    case KeywordList.typeName: content = .keywords(try decode(KeywordList.self))
    case SyntheticPrompt.typeName: content = .prompt(try decode(SyntheticPrompt.self))
    case Answer.typeName: content = .answer(try decode(Answer.self))
    case PreferencePair.typeName: content = .pair(try decode(PreferencePair.self))
    case QuarantinedRecord.typeName: content = .refused(try decode(QuarantinedRecord.self))
    default: return nil
    }
    (self.path, self.sequence, self.bytes) = (path, sequence, bytes)
  }

  public var id: String {
    switch content {
    case .seed(let one): one.id
    case .keywords(let one): one.id
    case .prompt(let one): one.id
    case .answer(let one): one.id
    case .pair(let one): one.id
    case .refused(let one): one.id
    }
  }

  public var origin: Origin {
    switch content {
    case .seed: Origin()
    case .keywords(let one): one.origin
    case .prompt(let one): one.origin
    case .answer(let one): one.origin
    case .pair(let one): one.origin
    case .refused(let one): one.origin
    }
  }

  public var kind: String {
    switch content {
    case .seed: "seed"
    case .keywords: "keywords"
    case .prompt: "prompt"
    case .answer(let one): one.kind.rawValue
    case .pair: "pair"
    case .refused(let one): "refused by \(one.stage)"
    }
  }

  /// What it says, by name.
  public var words: [(name: String, text: String)] {
    switch content {
    case .seed(let one):
      [("prompt", one.prompt), ("answer", one.answer), ("source", one.source ?? "unknown")]
    case .keywords(let one):
      [("words", one.keywords.joined(separator: ", ")), ("source", one.source ?? "unknown")]
    case .prompt(let one): [("prompt", one.prompt)]
    case .answer(let one): [("answer", one.answer)]
    case .pair(let one):
      [("prompt", one.prompt), ("chosen", one.chosen), ("rejected", one.rejected)]
        + [("scores", scores(one))].filter { !$0.1.isEmpty }
    case .refused(let one):
      [("reason", one.reason), ("detail", one.detail ?? ""), ("text", one.text ?? "")]
        .filter { !$0.1.isEmpty }
    }
  }

  private func scores(_ pair: PreferencePair) -> String {
    guard let chosen = pair.scoreChosen, let rejected = pair.scoreRejected else { return "" }
    return
      "\(fixed(chosen, 3)) against \(fixed(rejected, 3)): leads by \(fixed(chosen - rejected, 3))"
  }
}
