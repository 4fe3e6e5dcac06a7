import Bytes
import Testing

struct ByteReaderTests {
  @Test func `values come back in the order they were written`() throws {
    var writer = ByteWriter()
    writer.append(UInt32(0x0102_0304))
    writer.append(Int8(-5))
    writer.append(bytes: [7, 8, 9])
    writer.pad(to: 16)
    #expect(writer.count == 16)
    let bytes = writer.bytes
    var reader = ByteReader(bytes.span.bytes)
    let first: UInt32 = try reader.next()
    let second: Int8 = try reader.next()
    let rest = try reader.next(count: 3)
    #expect(first == 0x0102_0304)
    #expect(second == -5)
    #expect(rest == [7, 8, 9])
    #expect(reader.remaining == 8)
  }

  @Test func `running short throws the place and moves nothing`() throws {
    let bytes: [UInt8] = [1, 2, 3]
    var reader = ByteReader(bytes.span.bytes)
    try reader.skip(1)
    var caught: OutOfBytes?
    do throws(OutOfBytes) { _ = try reader.next(UInt32.self) } catch { caught = error }
    #expect(caught == OutOfBytes(offset: 1, wanted: 4, remaining: 2))
    #expect(reader.offset == 1)
    do throws(OutOfBytes) { _ = try reader.next(count: -1) } catch { caught = error }
    #expect(caught == OutOfBytes(offset: 1, wanted: -1, remaining: 2))
  }
}
