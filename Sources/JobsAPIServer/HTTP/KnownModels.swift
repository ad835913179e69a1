import JobsAPI

/// The models that a list shows. Any other name is accepted in a submission too.
enum KnownModels {
    static let reply = ModelsReply(
        data: [
            "tensorart-illustrious-xl-v2-aesthetic", "tensorart-rizmix-noob-illustrious-pastel",
            "tensorart-toxic-echo-il", "tensorart-animagine-xl", "tensorart-one-obsession", "tensorart-nova-orange-xl",
            "tensorart-wai-illustrious-v11", "tensorart-wai-illustrious-v14", "tensorart-wai-illustrious-v15",
            "tensorart-illustrious-multistyle-variation-ar", "novelai/nai-diffusion-4-5-full", Workers.failingModel,
        ].map { id in
            let owner = id.contains("/") ? id.prefix { $0 != "/" } : id.prefix { $0 != "-" }
            return ModelsReply.Model(id: id, created: 1_735_689_600, ownedBy: String(owner), jobs: true)
        })
}
