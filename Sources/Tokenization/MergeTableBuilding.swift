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
    for (line, merge) in definition.merges.enumerated() {
      let halves = try Self.halves(of: merge, line: line, definition.kind)
      guard let left = vocabulary.find(halves.left), let right = vocabulary.find(halves.right),
        let result = vocabulary.find(halves.left + halves.right), result < vocabulary.count
      else {
        throw .badMerge(line: line, text: merge, problem: "joins what is not in the vocabulary")
      }
      let rank = UInt32(truncatingIfNeeded: line)
      insert(left, right, Merge(rank: rank, result: result))
    }
  }

  private static func halves(
    of merge: String, line: Int, _ kind: TokenizerDefinition.Kind
  ) throws(TokenizerError) -> (left: [UInt8], right: [UInt8]) {
    let text = merge.utf8
    // A half may itself begin with a space, so the first byte is never the gap.
    guard let gap = text.dropFirst().firstIndex(of: 0x20), text.index(after: gap) < text.endIndex
    else { throw .badMerge(line: line, text: merge, problem: "is not two texts and a space") }
    let left = merge[..<gap]
    let right = merge[text.index(after: gap)...]
    guard case .byteLevelBPE = kind else { return (Array(left.utf8), Array(right.utf8)) }
    var halves: (left: [UInt8], right: [UInt8]) = ([], [])
    guard ByteAlphabet.appendBytes(of: left.unicodeScalars, to: &halves.left),
      ByteAlphabet.appendBytes(of: right.unicodeScalars, to: &halves.right)
    else { throw .badMerge(line: line, text: merge, problem: "has a character that is no byte") }
    return halves
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
