/// How far a pod's volume with the files of an image is there.
package enum ImageVolumeState: Sendable, Hashable {
    case absent
    /// It was mounted with the image of this id, and is not any more, or not for these ids of the pod.
    case lost(imageID: String)
    case mounted(path: String)
}
