/// Computed once by this program itself: they only have to stay as they are.
enum GoldenDraws {
    static let pairs: [(String, [String])] = [
        (
            "{a|b|c}",
            ["a", "c", "b", "c", "b", "a"]
        ),
        (
            "{3::a|b|.5::c}",
            ["a", "a", "b", "a", "a", "a"]
        ),
        (
            "{2$$ and $$red|green|blue|black}",
            ["black and blue", "green and black", "red and green", "blue and red", "red and black", "red and blue"]
        ),
        (
            "{1-3$$a|b|c|d}",
            ["d", "c,d,b", "c", "b", "a,d,b", "b,c"]
        ),
        (
            "a __animals__ and __animals__",
            [
                "a fox and hare", "a hare and hare", "a owl and owl", "a lynx and lynx", "a fox and owl",
                "a owl and lynx",
            ]
        ),
        (
            "${c={red|blue}}${c} ${c}",
            ["red red", "red blue", "red blue", "red red", "red red", "blue red"]
        ),
        (
            "${c=!{red|blue}}${c} ${c}",
            ["red red", "blue blue", "blue blue", "blue blue", "red red", "red red"]
        ),
        (
            "{2$$ & $$__animals__}",
            ["owl & fox", "lynx & fox", "fox & owl", "hare & lynx", "lynx & owl", "hare & fox"]
        ),
        (
            "{a {b|c}|d {e|f}} {a {b|c}|d {e|f}}",
            ["d f a c", "a b d e", "a b d f", "d e a b", "a c a b", "a b a b"]
        ),
    ]
}
