/// English plurals of the nouns that exercises use.
enum Plural {
  /// Singular to plural for every noun that a task may ask about.
  static let table: [String: String] = {
    let nouns = Words.categories.filter(\.isCountable).flatMap(\.words) + others
    let pairs = nouns.filter { !hasNoSingular.contains($0) }.map { ($0, regular($0)) }
    return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
      .merging(irregular) { _, special in special }
  }()

  static let nouns = table.keys.sorted()

  private static let others = [
    "box", "dish", "watch", "city", "baby", "berry", "toy", "key", "book", "chair", "lamp", "cup",
    "flower", "star", "glass", "bottle", "story", "party", "bush", "bench", "class", "cherry",
    "apple", "carrot", "cookie", "shirt", "shoe", "hat", "glove", "dress",
  ]

  private static let hasNoSingular: Set = ["pliers", "scissors", "shears", "tongs", "tweezers"]

  private static let irregular = [
    "child": "children", "deer": "deer", "foot": "feet", "goose": "geese", "man": "men",
    "mouse": "mice", "person": "people", "postman": "postmen", "sheep": "sheep",
    "tooth": "teeth", "woman": "women", "wolf": "wolves", "leaf": "leaves", "knife": "knives",
    "life": "lives", "wife": "wives", "shelf": "shelves", "loaf": "loaves", "half": "halves",
    "tomato": "tomatoes", "potato": "potatoes", "moose": "moose", "hero": "heroes",
  ]

  private static func regular(_ noun: String) -> String {
    if ["s", "x", "z", "ch", "sh"].contains(where: noun.hasSuffix), !noun.hasSuffix("stomach") {
      return noun + "es"
    }
    guard noun.hasSuffix("y"), let before = noun.dropLast().last, !"aeiou".contains(before) else {
      return noun + "s"
    }
    return noun.dropLast() + "ies"
  }
}
