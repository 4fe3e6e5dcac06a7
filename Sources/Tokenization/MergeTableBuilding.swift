extension MergeTable {
  /// The merges of a definition: those it lists, or else those that its scores imply.
  init(_ definition: TokenizerDefinition, _ vocabulary: Vocabulary) throws(TokenizerError) {
    if definition.merges.isEmpty, definition.kind == .sentencePieceBPE {
      self.init(scores: definition.scores, vocabulary)
    } else {
      try self.init(listed: definition, vocabulary)
    }
  }

  private init(
    listed definition: TokenizerDefinition, _ vocabulary: Vocabulary
  ) throws(TokenizerError) {
    self.init(capacity: definition.merges.count)
    var bytes: [UInt8] = []
    for (line, merge) in definition.merges.enumerated() {
      let half = try Self.join(merge, line: line, definition.kind, into: &bytes)
      guard let left = vocabulary.find(bytes, 0..<half),
        let right = vocabulary.find(bytes, half..<bytes.count),
        let result = vocabulary.find(bytes, 0..<bytes.count), result < vocabulary.count
      else {
        throw .badMerge(line: line, text: merge, problem: "joins what is not in the vocabulary")
      }
      insert(left, right, Merge(rank: UInt32(truncatingIfNeeded: line), result: result))
      note(left: bytes[..<half], right: bytes[half...])
    }
  }

  /// Makes `bytes` what a merge gives, and says where its right half begins.
  private static func join(
    _ merge: String, line: Int, _ kind: TokenizerDefinition.Kind, into bytes: inout [UInt8]
  ) throws(TokenizerError) -> Int {
    let text = merge.utf8
    // A half may itself begin with a space, so the first byte is never the gap.
    guard let gap = text.dropFirst().firstIndex(of: 0x20), text.index(after: gap) < text.endIndex
    else { throw .badMerge(line: line, text: merge, problem: "is not two texts and a space") }
    let halves = [text[..<gap], text[text.index(after: gap)...]]
    var ends: [Int] = []
    bytes.removeAll(keepingCapacity: true)
    for half in halves {
      if kind == .sentencePieceBPE {
        bytes += half
      } else if !ByteAlphabet.appendBytes(of: Substring(half).unicodeScalars, to: &bytes) {
        throw .badMerge(line: line, text: merge, problem: "has a character that is no byte")
      }
      ends.append(bytes.count)
    }
    return ends[0]
  }

  /// Every way to put a token together from two others, the token's score giving the rank.
  private init(scores: [Float], _ vocabulary: Vocabulary) {
    var pairs: [(left: Int32, right: Int32, result: Int32)] = []
    let bytes = vocabulary.written.bytes
    for id in 0..<vocabulary.count {
      let range = vocabulary.written.range(id)
      guard !range.isEmpty, vocabulary.find(bytes, range) == Int32(truncatingIfNeeded: id) else {
        continue
      }
      for cut in range.dropFirst() where bytes[cut] & 0xC0 != 0x80 {
        guard let left = vocabulary.find(bytes, range.lowerBound..<cut),
          let right = vocabulary.find(bytes, cut..<range.upperBound)
        else { continue }
        pairs.append((left, right, Int32(truncatingIfNeeded: id)))
      }
    }
    self.init(capacity: pairs.count)
    let ranks = Self.ranks(of: scores)
    for pair in pairs {
      let rank = ranks.isEmpty ? 0 : ranks[Int(pair.result)]
      insert(pair.left, pair.right, Merge(rank: rank, result: pair.result))
      note(left: vocabulary.written[Int(pair.left)], right: vocabulary.written[Int(pair.right)])
    }
  }

  /// The place of each score when the highest comes first; equal scores share one.
  private static func ranks(of scores: [Float]) -> [UInt32] {
    let scores = scores.map { $0.isNaN ? -.infinity : $0 }
    let order = scores.indices.sorted { scores[$0] > scores[$1] }
    var ranks = [UInt32](repeating: 0, count: scores.count)
    var rank: UInt32 = 0
    for (place, id) in order.enumerated() {
      if place > 0, scores[order[place - 1]] != scores[id] { rank += 1 }
      ranks[id] = rank
    }
    return ranks
  }
}
