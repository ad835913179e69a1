/// Computed once by this program itself: they only have to stay as they are.
enum GoldenDraws {
    static let pairs: [(String, [String])] = [
        (
            "{a|b|c}",
            ["b", "a", "a", "b", "a", "b"]
        ),
        (
            "{3::a|b|.5::c}",
            ["a", "a", "b", "a", "a", "a"]
        ),
        (
            "{2$$ and $$red|green|blue|black}",
            ["red and green", "red and blue", "black and blue", "green and black", "blue and green", "black and green"]
        ),
        (
            "{1-3$$a|b|c|d}",
            ["c", "a,b,d", "d", "d", "c,b,d", "d,a"]
        ),
        (
            "a __animals__ and __animals__",
            [
                "a lynx and lynx", "a owl and lynx", "a hare and lynx", "a hare and owl", "a hare and fox",
                "a fox and hare",
            ]
        ),
        (
            "${c={red|blue}}${c} ${c}",
            ["blue blue", "blue red", "blue red", "blue blue", "blue blue", "red blue"]
        ),
        (
            "${c=!{red|blue}}${c} ${c}",
            ["blue blue", "red red", "red red", "red red", "blue blue", "blue blue"]
        ),
        (
            "{2$$ & $$__animals__}",
            ["lynx & hare", "hare & owl", "hare & lynx", "fox & owl", "fox & hare", "lynx & owl"]
        ),
        (
            "{a {b|c}|d {e|f}} {a {b|c}|d {e|f}}",
            ["a c d f", "d f a c", "d f a b", "a c d f", "d f d e", "d e d e"]
        ),
    ]
}
