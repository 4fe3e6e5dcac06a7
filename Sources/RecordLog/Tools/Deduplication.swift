public import Bytes
import Glibc

/// Finds records that say again what an earlier one said in a field.
///
/// Of each record ``look(at:)`` takes a note of 24 bytes, or of about 5 KiB where near duplicates
/// count, to a temporary file; then ``finish()`` decides, and ``isDuplicate(_:)`` tells. Memory does
/// not grow with the log but for one bit per record.
public final class Deduplication {
  public enum Likeness: Equatable, Sendable {
    /// The same value. Told by 128 bits of SHA-256.
    case equal
    /// At least this share of word triples in common with a record that stays, as ``MinHash``
    /// estimates it.
    case near(threshold: Double)
  }

  private let field: RecordExpression
  private let likeness: Likeness
  private let notes: ExternalSort
  private let folder: String
  private let hash: MinHash
  private let signatures: SignatureFile?
  private var duplicates: [UInt64] = []
  public private(set) var records: UInt64 = 0
  /// Records without the field always stay.
  public private(set) var withoutField: UInt64 = 0
  public private(set) var duplicateCount: UInt64 = 0

  /// With how many earlier records of a band each is compared at most: bounds the work where many
  /// records are alike.
  private static let comparisons = 16

  /// - Parameter folder: where temporary files go.
  public init(
    by field: RecordExpression, likeness: Likeness, folder: String
  ) throws(FileError) {
    self.field = field
    self.likeness = likeness
    self.folder = folder
    notes = ExternalSort(folder: folder)
    guard case .near(let threshold) = likeness else {
      hash = MinHash(threshold: 1)
      signatures = nil
      return
    }
    hash = MinHash(threshold: threshold)
    signatures = try SignatureFile(in: folder)
  }

  /// Takes note of the next record.
  public func look(at record: Record) throws {
    defer { records += 1 }
    let value = try field.value(of: record)
    guard value != .null else {
      withoutField += 1
      return
    }
    if let signatures {
      try takeSignature(of: value, to: signatures)
    } else {
      try notes.add(key: Self.digest(of: value) + bigEndian(records))
    }
  }

  private static func digest(of value: JSONValue) -> [UInt8] {
    let fingerprint = Fingerprint()
    fingerprint.add(sortKey(of: value).rawSpan)
    return Array(fingerprint.digest().prefix(16))
  }

  private func takeSignature(of value: JSONValue, to signatures: SignatureFile) throws(FileError) {
    var words = String(decoding: text(of: value), as: UTF8.self)
    if case .string(let text) = value { words = text }
    let signature = MinHash.signature(of: words)
    let place = try signatures.append(signature)
    for key in hash.bandKeys(signature) {
      try notes.add(key: bigEndian(key) + bigEndian(records) + bigEndian(place))
    }
  }

  /// Whether record `number`, counted from 0 as they were looked at, repeats an earlier one.
  public func isDuplicate(_ number: UInt64) -> Bool {
    let word = Int(number / 64)
    return word < duplicates.count && duplicates[word] >> (number % 64) & 1 == 1
  }

  /// Decides, once all records were looked at.
  public func finish() throws(FileError) {
    duplicates = [UInt64](repeating: 0, count: Int(records / 64) + 1)
    switch likeness {
    case .equal: try markEqual()
    case .near(let threshold): try markNear(threshold)
    }
  }

  private func mark(_ number: UInt64) {
    duplicates[Int(number / 64)] |= 1 << (number % 64)
    duplicateCount += 1
  }

  private func markEqual() throws(FileError) {
    var last: ArraySlice<UInt8> = []
    while let entry = try notes.next() {
      let digest = entry.key.prefix(16)
      if digest == last { mark(number(entry.key, at: 16)) }
      last = digest
    }
  }
}

// MARK: Near

extension Deduplication {
  private struct Candidate {
    var record: UInt64
    var signature: [UInt32]
  }

  /// A record goes where an earlier one that is like it stays.
  private func markNear(_ threshold: Double) throws(FileError) {
    let pairs = try likePairs(threshold)
    while let entry = try pairs.next() {
      let (later, earlier) = (number(entry.key, at: 0), number(entry.key, at: 8))
      if !isDuplicate(later), !isDuplicate(earlier) { mark(later) }
    }
  }

  /// Pairs of records that are alike, by the later one, then the earlier one.
  private func likePairs(_ threshold: Double) throws(FileError) -> ExternalSort {
    let pairs = ExternalSort(folder: folder, memory: .mebibytes(8))
    var band: UInt64?
    var group: [Candidate] = []
    while let entry = try notes.next() {
      let key = number(entry.key, at: 0)
      if key != band { group = [] }
      band = key
      let record = number(entry.key, at: 8)
      guard let signature = try signatures?.signature(number(entry.key, at: 16)) else { continue }
      for other in group where MinHash.similarity(other.signature[...], signature[...]) >= threshold
      {
        try pairs.add(key: bigEndian(record) + bigEndian(other.record))
      }
      if group.count < Self.comparisons {
        group.append(Candidate(record: record, signature: signature))
      }
    }
    return pairs
  }

  private func number(_ key: [UInt8], at start: Int) -> UInt64 {
    key[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
  }
}

/// Signatures one behind the other in a temporary file.
private final class SignatureFile {
  private static let byteCount = MinHash.places * 4
  private let file: OpenFile
  private var count: UInt64 = 0
  private var waiting: [UInt8] = []

  init(in folder: String) throws(FileError) { file = try temporaryFile(in: folder) }

  func append(_ signature: [UInt32]) throws(FileError) -> UInt64 {
    for value in signature {
      for shift: UInt32 in [0, 8, 16, 24] {
        waiting.append(UInt8(truncatingIfNeeded: value >> shift))
      }
    }
    if waiting.count >= 256 << 10 { try flush() }
    count += 1
    return count - 1
  }

  private func flush() throws(FileError) {
    let bytes = waiting
    try file.write(bytes.rawSpan)
    waiting.removeAll(keepingCapacity: true)
  }

  func signature(_ place: UInt64) throws(FileError) -> [UInt32] {
    if !waiting.isEmpty { try flush() }
    var signature = [UInt32](repeating: 0, count: MinHash.places)
    let got = unsafe signature.withUnsafeMutableBytes {
      unsafe pread(file.descriptor, $0.baseAddress, $0.count, Int(place) * Self.byteCount)
    }
    guard got == Self.byteCount else { throw FileError(.read, path: file.path) }
    return signature
  }
}
