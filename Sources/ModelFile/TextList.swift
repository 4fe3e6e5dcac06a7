import Bytes

/// Many strings in one piece of memory, in the form they have in a file: a 64-bit length and then
/// the bytes, one after the other. The bytes are kept even where they are not UTF-8.
public struct TextList: Equatable, Sendable {
  let encoded: [UInt8]
  /// Where in `encoded` the bytes of each string lie.
  private let places: [Range<Int>]

  public var count: Int { places.count }

  init(encoded: [UInt8], places: [Range<Int>]) {
    self.encoded = encoded
    self.places = places
  }

  public init(_ texts: some Sequence<String>) {
    self.init(bytes: texts.lazy.map { Array($0.utf8) })
  }

  public init(bytes texts: some Sequence<[UInt8]>) {
    var writer = ByteWriter()
    var places: [Range<Int>] = []
    for text in texts {
      writer.append(UInt64(text.count))
      places.append(writer.count..<writer.count + text.count)
      writer.append(bytes: text)
    }
    self.init(encoded: writer.bytes, places: places)
  }

  /// The string at `index`; bytes that are not UTF-8 read as U+FFFD.
  public subscript(index: Int) -> String {
    String(decoding: encoded[places[index]], as: UTF8.self)
  }

  public func bytes(at index: Int) -> ArraySlice<UInt8> { encoded[places[index]] }

  /// All strings, copied.
  public var strings: [String] { (0..<count).map { self[$0] } }
}
