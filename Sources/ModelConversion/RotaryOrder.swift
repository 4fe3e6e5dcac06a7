/// The two orders of query and key rows.
///
/// The rotary embedding turns pairs of values of a head. Where the pairs are half a head apart
/// (Hugging Face, Qwen in GGUF, our packed files) the order is half-split; where they are neighbours
/// (`llama` in GGUF) it is interleaved. Of a head with d values the pair i is made of
///
///     half-split    rows i and i + d/2
///     interleaved   rows 2i and 2i + 1
enum RotaryOrder {
  /// Which row of the interleaved order stands at `row` of the half-split one.
  static func interleaved(ofHalfSplit row: Int, headSize d: Int) -> Int {
    let place = row % d
    let (member, pair) = (place / (d / 2), place % (d / 2))
    return row - place + 2 * pair + member
  }

  /// Which row of the half-split order stands at `row` of the interleaved one.
  static func halfSplit(ofInterleaved row: Int, headSize d: Int) -> Int {
    let place = row % d
    return row - place + place % 2 * (d / 2) + place / 2
  }
}
