/// One message of a chat.
public struct ChatMessage: Codable, Hashable, Sendable {
  /// `system`, `user`, `assistant`, or what else the model's template knows.
  public var role: String
  public var content: String

  public init(role: String, content: String) {
    self.role = role
    self.content = content
  }
}
