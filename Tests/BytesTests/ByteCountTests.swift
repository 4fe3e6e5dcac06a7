import Bytes
import Testing

struct ByteCountTests {
  @Test(arguments: [
    ("0", 0), ("1536", 1536), ("512KiB", 512 << 10), ("64 MiB", 64 << 20), ("2G", 2 << 30),
  ])
  func `amounts are read in the usual spellings`(text: String, bytes: Int) {
    #expect(ByteCount(parsing: text) == ByteCount(bytes))
  }

  @Test(arguments: ["", "MiB", "-3", "12 apples", "1e40G"])
  func `what is no amount is refused`(text: String) {
    #expect(ByteCount(parsing: text) == nil)
  }

  @Test func `amounts are told in the largest unit that fits`() {
    #expect(ByteCount(1000).description == "1000 B")
    #expect(ByteCount(1536).description == "1.5 KiB")
    #expect(ByteCount.gibibytes(3).description == "3.0 GiB")
  }
}
