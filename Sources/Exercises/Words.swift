/// The words that exercises are made of: common, short, lower-case.
enum Words {
  /// A group of things and what one calls a member of it.
  struct Category: Sendable {
    let name: String
    let words: [String]
    /// Whether its words have a plural that people use.
    let isCountable: Bool

    init(_ name: String, isCountable: Bool = true, _ words: String) {
      self.name = name
      self.isCountable = isCountable
      self.words = list(words)
    }
  }

  /// Groups without a word in common, not even for somebody who thinks of another meaning.
  static let categories = [
    Category(
      "animal",
      """
      ant badger bear bee beetle camel cat cow crow deer dog donkey eagle elephant fox frog giraffe
      goat goose hamster hare hawk hen horse kitten lion lizard monkey moose mouse otter owl panda
      parrot pig pony puppy rabbit rat shark sheep snail snake spider swan tiger turtle wasp whale
      wolf worm zebra
      """),
    Category(
      "food", isCountable: false,
      """
      apple bacon banana bean bread butter cake candy carrot cheese cherry cookie corn egg fig
      garlic grape ham honey jam leek lemon lime mango meat melon noodle olive onion pasta pea
      peach pear pepper pie pizza plum potato pudding rice salad sausage soup spinach stew sugar
      toast tomato waffle
      """),
    Category(
      "clothing", isCountable: false,
      """
      apron bathrobe belt blouse boot bonnet cap cape cardigan cloak coat dress glove gown hat
      helmet hood jacket jeans jersey jumper kilt leggings mitten overalls pajamas parka poncho
      pullover raincoat robe sandal sari scarf shawl shirt shoe shorts skirt slipper sneaker sock
      stocking sweater tights trousers tunic tuxedo vest
      """),
    Category(
      "body part",
      """
      ankle arm beard belly bone brain cheek chest chin ear elbow eye eyebrow eyelash eyelid face
      finger fist foot forehead hand head heart heel hip jaw kidney knee knuckle leg lip liver lung
      mouth muscle neck nose nostril rib shoulder skull spine stomach thigh throat thumb toe tongue
      tooth waist wrist
      """),
    Category(
      "tool",
      """
      anvil axe broom brush bucket chainsaw chisel clamp crowbar drill fork funnel hacksaw hammer
      hatchet hoe ladder lever mallet mop pickaxe pitchfork pliers plow pulley rake razor ruler
      sander saw scissors screwdriver scythe shears shovel sickle sieve sledgehammer spade spanner
      stapler tongs trowel tweezers vise wheelbarrow whisk wrench
      """),
    Category(
      "vehicle",
      """
      airplane ambulance barge bicycle bike boat bulldozer bus cab canoe car caravan carriage cart
      dinghy ferry glider gondola helicopter jeep jet kayak limousine lorry minibus moped motorcycle
      raft rocket rowboat sailboat scooter ship skateboard sled snowmobile speedboat steamer
      submarine subway taxi tractor train tram tricycle trolley truck van wagon yacht
      """),
    Category(
      "job",
      """
      actor artist author baker banker barber builder butcher butler carpenter cashier chef clerk
      cook dancer dentist doctor driver editor engineer farmer gardener guard hunter janitor
      judge lawyer librarian maid mayor miner nurse painter pilot plumber poet porter postman
      principal sailor scientist secretary singer soldier surgeon tailor teacher waiter writer
      """),
    Category(
      "building",
      """
      abbey airport apartment bakery bank barn bungalow cabin cafe castle cathedral chapel church
      cinema clinic cottage factory farmhouse garage greenhouse gym hall hospital hostel hotel house
      hut inn laboratory library lighthouse mansion mill monastery mosque motel museum office palace
      pharmacy prison pub restaurant school shed shop skyscraper stable stadium supermarket windmill
      theater tower villa warehouse
      """),
  ]

  /// Words of which each has one plain opposite, the other of its line.
  static let opposites: [(String, String)] = list(
    """
    big small hot cold fast slow happy sad wet dry clean dirty early late near far loud quiet rich
    poor strong weak full empty good bad high low up down day night inside outside black white north
    south east west love hate push pull buy sell win lose always never above below front back deep
    shallow thick thin wide narrow tight loose smooth rough true false safe dangerous asleep awake
    alive dead summer winter best worst more less many few top bottom friend enemy peace war cheap
    expensive polite rude remember forget arrive leave float sink open closed begin end give take
    upstairs downstairs male female
    """
  ).pairs

  static let verbs = list(
    "sat slept waited played hid stood ate ran jumped sang worked rested danced talked laughed")
  static let descriptions = list(
    "big small old young happy sad quiet brave clever tired hungry funny kind lazy proud tall")
  static let places = list(
    """
    river garden tree hill road lake forest beach door table window bridge wall gate field farm
    market station park fire fence bench pond street
    """)

  static let days = list("monday tuesday wednesday thursday friday saturday sunday")
  static let months = list(
    """
    january february march april may june july august september october november december
    """)

  /// Every word that tasks about letters and order may use.
  static let all: [String] = {
    let nouns = categories.flatMap(\.words)
    return Array(Set(nouns + opposites.flatMap { [$0.0, $0.1] } + places + verbs)).sorted()
  }()
  static let short = all.filter { (3...4).contains($0.count) }
  static let medium = all.filter { (3...7).contains($0.count) }

  /// The words of a text.
  fileprivate static func list(_ text: String) -> [String] {
    text.split { $0 == " " || $0 == "\n" }.map(String.init)
  }
}

extension [String] {
  /// The first with the second, the third with the fourth, and so on.
  fileprivate var pairs: [(String, String)] {
    stride(from: 0, to: count - 1, by: 2).map { (self[$0], self[$0 + 1]) }
  }
}
