/// What a placeholder shows, and in which light.
struct Motif: Hashable {
    enum Place: CaseIterable { case hills, mountains, forest, city, sea, space }
    enum Light: CaseIterable { case night, dusk, day, dawn }

    var place: Place
    var light: Light
    var snows: Bool

    private static let places: [(Place, Set<String>)] = [
        (.city, ["city", "cities", "street", "skyline", "cyberpunk", "neon", "tower", "town", "rooftop", "market"]),
        (.sea, ["sea", "ocean", "boat", "ship", "beach", "lighthouse", "island", "wave", "harbor", "harbour", "lake"]),
        (.forest, ["forest", "tree", "wood", "fox", "wolf", "deer", "owl", "bear", "elf", "witch", "cabin", "grove"]),
        (.mountains, ["mountain", "peak", "dragon", "alp", "cliff", "castle", "volcano", "glacier", "canyon"]),
        (.space, ["space", "planet", "galaxy", "star", "moon", "robot", "astronaut", "nebula", "alien", "rocket"]),
        (.hills, ["hill", "meadow", "field", "village", "garden", "farm", "valley", "flower", "desert", "dune"]),
    ]

    private static let lights: [(Light, Set<String>)] = [
        (.night, ["night", "midnight", "neon", "dark", "moon", "moonlight", "star", "cyberpunk"]),
        (.dusk, ["dusk", "sunset", "evening", "twilight", "golden", "autumn", "lantern", "warm"]),
        (.dawn, ["dawn", "morning", "sunrise", "pastel", "spring", "misty", "fog"]),
        (.day, ["day", "noon", "summer", "sunny", "bright", "watercolor", "blue"]),
    ]

    /// The first known word of the prompt decides; where none is known, the dice do.
    init(prompt: String, dice: inout Dice) {
        let drawnPlace = Place.allCases[dice.whole(0...(Place.allCases.count - 1))]
        let drawnLight = Light.allCases[dice.whole(0...(Light.allCases.count - 1))]
        let words = prompt.prefix(1000).lowercased().split { !$0.isLetter }.map { word in
            word.count > 3 && word.hasSuffix("s") ? word.dropLast() : word
        }
        place = Self.first(of: Self.places, in: words) ?? drawnPlace
        light = Self.first(of: Self.lights, in: words) ?? drawnLight
        snows = words.contains("snow") || words.contains("winter")
    }

    private static func first<Value>(of known: [(Value, Set<String>)], in words: [Substring]) -> Value? {
        for word in words {
            if let match = known.first(where: { $0.1.contains(String(word)) }) { return match.0 }
        }
        return nil
    }
}
