/// The resources that a pod asks for.
package struct ResizeRequest: Sendable, Hashable {
    package let resources: PodResources
    /// The generation of the pod that asks: `observedGeneration` of the resize's conditions.
    package let generation: Int64

    package init(_ resources: PodResources, generation: Int64) {
        self.resources = resources
        self.generation = generation
    }
}
