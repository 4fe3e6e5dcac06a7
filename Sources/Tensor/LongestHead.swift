import CKernels

extension Attention {
  /// The longest head that attention is computed for, in values.
  public static let longestHead = Int(CK_LONGEST_HEAD)
}
