import Foundation
import Testing

@testable import RecordLog

struct JSONSyntaxTests {
  static let right = [
    "0", "-0", "1.5e+10", "-12E3", "\"\"", "\"\\u00e9\\n\\/\"", "\"é€😀\"", "[]", "{}",
    " [ 1 , 2 ] ",
    "{\"a\":{\"b\":[null,true,false]}}", "\t1\r\n",
    String(repeating: "[", count: 511) + "1" + String(repeating: "]", count: 511),
  ]

  static let wrong = [
    "", " ", "nul", "tru e", "01", "1.", ".5", "+1", "1e", "-", "[1,]", "[,1]", "{\"a\":1,}",
    "{a:1}",
    "{\"a\" 1}", "{\"a\":}", "\"", "\"\\x\"", "\"\\u12g4\"", "\"a\nb\"", "1 2", "[1", "{", "NaN",
    "'a'",
    String(repeating: "[", count: 1_000_000),
  ]

  @Test(arguments: right)
  func `what is JSON is taken`(text: String) {
    #expect(JSONSyntax.fault(in: Array(text.utf8).rawSpan) == nil)
  }

  @Test(arguments: wrong)
  func `what is not JSON is refused`(text: String) {
    #expect(JSONSyntax.fault(in: Array(text.utf8).rawSpan) != nil)
  }

  @Test func `the fault is placed`() {
    let bytes = Array("{\"a\":1,}".utf8)
    #expect(JSONSyntax.fault(in: bytes.rawSpan)?.offset == 7)
  }

  /// Every sequence of up to three bytes, against the standard library.
  @Test func `ill-formed UTF-8 is refused as the standard library refuses it`() {
    let edges: [UInt8] = [
      0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xED, 0xEF,
      0xF0,
      0xF4, 0xF5, 0xFF,
    ]
    for a in edges {
      for b in edges {
        for c in edges {
          for text in [[a], [a, b], [a, b, c], [a, b, c, 0x80]] {
            let isText = String(validating: text, as: UTF8.self) != nil
            let line: [UInt8] = [0x22] + text + [0x22]
            #expect((JSONSyntax.fault(in: line.rawSpan) == nil) == isText, "\(text)")
          }
        }
      }
    }
  }
}
