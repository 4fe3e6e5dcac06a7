/// Tokens that end an answer, where the file names them and where only their text tells.
enum EndTokens {
  /// Ends of turns, the most telling first.
  private static let endsOfTurn = [
    "<|eot_id|>", "<|im_end|>", "<end_of_turn>", "<|end|>", "<|end_of_turn|>", "<|eot|>", "<EOT>",
  ]
  private static let otherEnds = [
    "<|eom_id|>", "<|endoftext|>", "<|end_of_text|>", "<｜end▁of▁sentence｜>",
  ]

  static func endOfTurn(_ definition: TokenizerDefinition) -> Int32? {
    if let id = definition.eotID { return id }
    let named = ids(endsOfTurn, definition)
    // An end of text that also ends turns is what the model was taught to write.
    if let eos = definition.eosID, named.contains(eos) { return eos }
    return named.first ?? definition.eosID
  }

  static func all(_ definition: TokenizerDefinition) -> Set<Int32> {
    let stated = [definition.eosID, definition.eotID, definition.eomID].compactMap(\.self)
    return Set(stated + ids(endsOfTurn + otherEnds, definition))
  }

  /// The ids of the control tokens among `texts`, in the order of `texts`.
  private static func ids(_ texts: [String], _ definition: TokenizerDefinition) -> [Int32] {
    var found: [Int?] = Array(repeating: nil, count: texts.count)
    for (id, type) in definition.types.enumerated() where type == .control {
      guard let place = texts.firstIndex(of: definition.tokens[id]) else { continue }
      found[place] = found[place] ?? id
    }
    return found.compactMap(\.self).map { Int32(truncatingIfNeeded: $0) }
  }
}
