import Pictures

/// The colours of one picture, from one light and a shift of all hues.
struct Palette {
    let skyTop: Color
    let skyMiddle: Color
    let skyBottom: Color
    /// Sun or moon.
    let lamp: Color
    /// The nearest, darkest silhouettes.
    let near: Color
    /// Lit windows, sails, small things.
    let accent: Color
    let isNight: Bool

    init(light: Motif.Light, dice: inout Dice) {
        let turn = dice.number(-22...22)
        func color(_ lightness: Double, _ chroma: Double, _ hue: Double) -> Color {
            Color(lightness: lightness, chroma: chroma, hue: hue + turn)
        }
        isNight = light == .night
        switch light {
        case .night:
            skyTop = color(0.17, 0.06, 275)
            skyMiddle = color(0.30, 0.10, 285)
            skyBottom = color(0.52, 0.13, 320)
            lamp = color(0.95, 0.03, 95)
            near = color(0.14, 0.05, 275)
            accent = Color(lightness: 0.86, chroma: 0.14, hue: 78)
        case .dusk:
            skyTop = color(0.38, 0.12, 290)
            skyMiddle = color(0.62, 0.16, 15)
            skyBottom = color(0.86, 0.13, 70)
            lamp = color(0.97, 0.07, 90)
            near = color(0.22, 0.08, 310)
            accent = Color(lightness: 0.89, chroma: 0.13, hue: 78)
        case .day:
            skyTop = color(0.66, 0.12, 245)
            skyMiddle = color(0.80, 0.08, 230)
            skyBottom = color(0.95, 0.04, 190)
            lamp = color(0.99, 0.03, 100)
            near = color(0.38, 0.09, 165)
            accent = color(0.97, 0.03, 80)
        case .dawn:
            skyTop = color(0.68, 0.09, 265)
            skyMiddle = color(0.83, 0.08, 340)
            skyBottom = color(0.94, 0.06, 65)
            lamp = color(0.98, 0.05, 80)
            near = color(0.36, 0.07, 280)
            accent = color(0.95, 0.08, 60)
        }
    }

    /// The colour of something at a distance: near things are dark, far ones drown in the sky's own colour.
    /// - Parameter distance: 0 (near) … 1 (at the horizon).
    func silhouette(_ distance: Double) -> Color {
        near.mixed(with: skyBottom.mixed(with: skyMiddle, 0.45), distance)
    }
}
