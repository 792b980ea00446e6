import HTTPTypes
import KubeModel
import NIOCore
import PodCore

/// A folder of logs as a page of links, in the form of Go's file server.
enum LogListing {
    static func answer(_ names: [NodeLogEntry.Name], omitted: Int) -> HTTPAnswer {
        var text = "<!doctype html>\n<meta name=\"viewport\" content=\"width=device-width\">\n<pre>\n"
        for name in names {
            let end = name.isFolder ? "/" : ""
            text += "<a href=\"\(PercentCoding.encode(name.text))\(end)\">\(escaped(name.text))\(end)</a>\n"
        }
        if omitted > 0 { text += "\(omitted) more are not listed\n" }
        return HTTPAnswer(status: .ok, contentType: "text/html; charset=utf-8", body: .bytes(ByteBuffer(string: text + "</pre>\n")))
    }

    private static func escaped(_ name: String) -> String {
        var text = ""
        for character in name.unicodeScalars {
            switch character {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&#34;"
            case "'": text += "&#39;"
            default: text.unicodeScalars.append(character)
            }
        }
        return text
    }
}
