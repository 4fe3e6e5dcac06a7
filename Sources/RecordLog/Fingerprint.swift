import CCrypto

/// A running SHA-256, the one door to CCrypto.
///
/// A segment's fingerprint is that of all its chunk headers: they hold the checksums of everything
/// else.
@safe
final class Fingerprint {
  static let byteCount = 32
  private let context: OpaquePointer?

  init() {
    unsafe context = EVP_MD_CTX_new()
    let isReady = unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil)
    precondition(isReady == 1, "libcrypto has no SHA-256")
  }

  deinit { unsafe EVP_MD_CTX_free(context) }

  func add(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { _ = unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
  }

  /// The digest of what was added so far; adding may go on.
  func digest() -> [UInt8] {
    let copy = unsafe EVP_MD_CTX_new()
    defer { unsafe EVP_MD_CTX_free(copy) }
    unsafe EVP_MD_CTX_copy_ex(copy, context)
    return unsafe [UInt8](unsafeUninitializedCapacity: Self.byteCount) { buffer, filled in
      unsafe EVP_DigestFinal_ex(copy, buffer.baseAddress, nil)
      filled = Self.byteCount
    }
  }
}
