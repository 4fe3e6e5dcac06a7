extension [UInt8] {
  /// The bytes, lent for as long as the array is not changed.
  var rawSpan: RawSpan {
    @_lifetime(borrow self)
    get {
      let bytes = unsafe span.bytes
      return unsafe _overrideLifetime(bytes, borrowing: self)
    }
  }
}
