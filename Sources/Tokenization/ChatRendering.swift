/// A chat as text, and which parts of it came from outside of the template.
public struct ChatRendering: Hashable, Sendable {
  public let text: String
  /// Offsets in the UTF-8 of `text`, in order and apart: what messages and further variables
  /// brought. The rest is the template's.
  ///
  /// Control tokens are recognised only outside of these, so that a message which speaks of
  /// `<|im_end|>` cannot end its turn.
  public let foreignRanges: [Range<Int>]

  init(_ string: JinjaString) {
    text = string.text
    foreignRanges = string.foreign
  }
}
