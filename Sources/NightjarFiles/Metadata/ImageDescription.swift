internal import NightjarCore

/// What the sidecar and the line of `metadata.jsonl` say about one image.
struct ImageDescription {
    var request: ImageRequest
    /// The seed of the request, or the one that the API reported where it chose.
    var seed: Int64?
    var remoteID: RemoteJobID?
    var key: JobKey
    var file: OutputFile
    var createdAt: WallTime
    /// JSON objects.
    var variables: String?
    var meta: String?

    init(job: OutputJob, result: RemoteResult, file: OutputFile) {
        request = job.request
        seed = job.request.seed ?? result.seed
        remoteID = job.remoteID
        key = job.key
        self.file = file
        createdAt = job.createdAt
        variables = job.variables
        meta = job.meta
    }

    init(job: JobSummary, file: OutputFile) {
        request = job.request
        seed = job.request.seed
        remoteID = job.remoteID
        key = job.key
        self.file = file
        createdAt = job.createdAt
        variables = job.variables
        meta = job.meta
    }

    /// A JSON object on one line, without the line's end.
    /// - Parameter fileName: Seen from the folder of the file that the line goes to.
    func json(fileName: String) -> String {
        var object = JSONWriter()
        object.add("file_name", fileName)
        object.add("prompt", request.prompt)
        object.add("negative_prompt", request.parameters.negativePrompt)
        object.add("model", request.parameters.model)
        object.add("width", file.width)
        object.add("height", file.height)
        object.add("steps", request.parameters.steps)
        object.add("cfg_scale", request.parameters.cfgScale)
        object.add("sampler", request.parameters.sampler)
        object.add("seed", seed)
        object.add("job_id", remoteID?.rawValue)
        object.add("key", key.description)
        object.add("sha256", file.sha256)
        object.add("created_at", createdAt.rfc3339)
        object.add("variables", json: variables ?? "{}")
        object.add("meta", json: meta ?? "{}")
        return object.text
    }
}
