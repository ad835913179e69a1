import PromptLanguage

extension Mixing {
    static func hash(_ text: String) -> UInt64 { finalized(fnv1a(text.utf8)) }

    /// In (0, 1], from the upper 53 bits.
    static func unit(_ value: UInt64) -> Double { (Double(value >> 11) + 1) * 0x1p-53 }
}
