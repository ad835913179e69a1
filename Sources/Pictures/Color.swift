import Glibc

/// A colour in sRGB.
package struct Color: Hashable, Sendable {
    /// 0…1 each.
    package var red: Double
    package var green: Double
    package var blue: Double
    /// 0 (nothing is drawn) … 1 (nothing shines through).
    package var alpha: Double

    package static let black = Color(red: 0, green: 0, blue: 0)
    package static let white = Color(red: 1, green: 1, blue: 1)

    package init(red: Double, green: Double, blue: Double, alpha: Double = 1) {
        self.red = red
        self.green = green
        self.blue = blue
        self.alpha = alpha
    }

    /// A colour by what the eye sees, so that hues of one lightness go together.
    /// - Parameters:
    ///   - lightness: 0…1.
    ///   - chroma: 0 (grey) to about 0.3; what sRGB cannot show is clipped.
    ///   - hue: Degrees: 30 red, 110 yellow, 145 green, 265 blue, 325 pink.
    /// - Note: Source: B. Ottosson, "A perceptual color space for image processing", 2020.
    package init(lightness: Double, chroma: Double, hue: Double, alpha: Double = 1) {
        let angle = hue * .pi / 180
        let a = chroma * cos(angle)
        let b = chroma * sin(angle)
        let long = cubed(lightness + 0.3963377774 * a + 0.2158037573 * b)
        let medium = cubed(lightness - 0.1055613458 * a - 0.0638541728 * b)
        let short = cubed(lightness - 0.0894841775 * a - 1.2914855480 * b)
        self.init(
            red: gammaEncoded(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
            green: gammaEncoded(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
            blue: gammaEncoded(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short), alpha: alpha)
    }

    package func withAlpha(_ alpha: Double) -> Color {
        Color(red: red, green: green, blue: blue, alpha: alpha)
    }

    /// - Parameter amount: 0 gives this colour, 1 the other.
    package func mixed(with other: Color, _ amount: Double) -> Color {
        Color(
            red: red + (other.red - red) * amount, green: green + (other.green - green) * amount,
            blue: blue + (other.blue - blue) * amount, alpha: alpha + (other.alpha - alpha) * amount)
    }

    /// As libgd keeps it: seven bits of transparency, then eight bits each of red, green and blue.
    var packed: Int32 {
        let transparency = Int32(127 - (clamped(alpha) * 127).rounded())
        return transparency << 24 | byte(red) << 16 | byte(green) << 8 | byte(blue)
    }
}

private func cubed(_ value: Double) -> Double { value * value * value }

private func clamped(_ value: Double) -> Double { min(max(value, 0), 1) }

private func byte(_ value: Double) -> Int32 { Int32((clamped(value) * 255).rounded()) }

private func gammaEncoded(_ linear: Double) -> Double {
    linear <= 0.0031308 ? clamped(12.92 * linear) : clamped(1.055 * pow(linear, 1 / 2.4) - 0.055)
}
