import KubeModel
import Timing

@testable import PodCore

/// The word of a story for how an action ends: `fail: no`, `ErrImagePull: not found`, or the exit code that follows a signal.
struct StoryAnswer {
    let word: String
    let message: String

    func event(of action: PodAction, _ life: inout PodLife) -> PodEvent? {
        switch action {
        case .mountVolume(let name): return .volumeFailed(name: name, VolumeFailure(.invalid, message))
        case .createSandbox: return word == "network" ? .networkMissing : .sandboxFailed(message: message)
        case .ensureImage(let container):
            guard let reason = WaitingReason(rawValue: word) else { return nil }
            return .imageFailed(container: container, ImageProblem(reason: reason, message: message))
        case .startContainer(let container, let count, _, let sandboxID, _):
            return .containerFailed(container: container, problem(count, sandboxID))
        case .stopContainer(let id, _, _):
            guard let code = Int(word) else { return .signalFailed(containerID: id, .stop, message: message) }
            return .containerExited(id: id, ContainerExit(startedAt: nil, finishedAt: life.now.wall, exitCode: code), message: nil)
        case .runHook(let kind, _, let id, _, _): return .hookEnded(containerID: id, kind, word == "done" ? .done : .failed(message: message))
        case .probe(let kind, _, let id, _): return .probed(containerID: id, kind, probeResult)
        case .reviewResize(let request): return .resizeReviewed(request, verdict)
        case .applyResize(let plan): return .resizeApplied(plan.outcome(after: 0, .failed(message: message)))
        case .stopSandbox: return .sandboxStopFailed(message: message)
        case .refreshVolumes, .removeContainer, .removeSandbox, .cleanUp, .removeSandboxes, .removeRemains, .record: return nil
        }
    }

    private func problem(_ count: Int, _ sandboxID: String) -> ContainerProblem {
        switch word {
        case "config": ContainerProblem(.configuration, message: message)
        case "create": ContainerProblem(.create, message: message)
        case "gone": ContainerProblem(.sandboxGone, message: message)
        default: ContainerProblem(.start(id: "x\(count)", sandboxID: sandboxID, imageID: PodLife.image.repoDigests[0]), message: message)
        }
    }

    private var probeResult: ProbeResult {
        switch word {
        case "failure": .failure(message: message)
        case "unknown": .unknown(message: message)
        case "warning": .success(warning: message)
        default: .success(warning: nil)
        }
    }

    private var verdict: ResizeVerdict {
        switch word {
        case "fits": .fits
        case "infeasible": .infeasible(message: message)
        case "unknown": .unknown
        default: .deferred(reason: word, message: message)
        }
    }
}
