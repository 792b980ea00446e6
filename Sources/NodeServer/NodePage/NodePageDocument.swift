import Crypto
import FoundationEssentials
import HTTPTypes

/// The node page: one document without anything from outside, filled in the browser from `data.json` beside it.
///
/// Through the API server's proxy it has the API server's own origin, so nothing that a pod's author wrote may run in it: the policy admits this script
/// and this style by their digests and no other, and the script puts texts into the page as text alone.
enum NodePageDocument {
    static let text = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>Node</title>
        <style>\(style)</style>
        </head>
        <body>
        \(markup)
        <script>\(script)</script>
        </body>
        </html>

        """

    static let script = tables + charts + updates

    /// Of the page and of its data.
    static let headers: HTTPFields = {
        var fields: HTTPFields = [.contentSecurityPolicy: policy, .cacheControl: "no-store"]
        let others = [("X-Frame-Options", "DENY"), ("Cross-Origin-Resource-Policy", "same-origin"), ("Referrer-Policy", "no-referrer")]
        for (name, value) in others {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        return fields
    }()

    private static let policy = [
        "default-src 'none'", "script-src \(digest(of: script))", "style-src \(digest(of: style))", "connect-src 'self'", "base-uri 'none'",
        "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
    ].joined(separator: "; ")

    private static func digest(of text: String) -> String {
        "'sha256-\(Data(SHA256.hash(data: Data(text.utf8))).base64EncodedString())'"
    }

    private static let markup = """
        <header>
        <h1 id="name">Node</h1>
        <p id="ready"></p>
        <p id="updated">Waiting for the agent</p>
        <button id="pause" type="button" aria-pressed="false">Pause</button>
        </header>
        <p id="alert" role="alert" hidden></p>
        <noscript><p>This page needs JavaScript. Its figures are in <a href="data.json">data.json</a>.</p></noscript>
        <main id="main">
        <ul id="facts"></ul>
        <section class="figures">
        <figure><figcaption>CPU <b id="cpu"></b></figcaption>
        <svg id="cpuChart" class="chart" role="img"></svg><small id="cpuScale"></small></figure>
        <figure><figcaption>Memory <b id="memory"></b></figcaption>
        <svg id="memoryChart" class="chart" role="img"></svg><small id="memoryScale"></small></figure>
        <ul id="disks"></ul>
        </section>
        <section>
        <h2>Conditions</h2>
        <table><thead><tr><th scope="col">Condition</th><th scope="col">Status</th><th scope="col">For</th>\
        <th scope="col">Reason</th></tr></thead>
        <tbody id="conditions"></tbody></table>
        </section>
        <section>
        <h2>Pods</h2>
        <p id="podCounts" class="counts"></p>
        <label>Filter by name, state or address <input id="podFilter" type="search" maxlength="253" autocomplete="off" spellcheck="false"></label>
        <table><thead><tr><th scope="col">State</th><th scope="col">Pod</th><th scope="col">Ready</th><th scope="col">Restarts</th>\
        <th scope="col">Age</th><th scope="col">CPU</th><th scope="col">Memory</th></tr></thead>
        <tbody id="pods"></tbody></table>
        <p id="morePods" class="more"></p>
        </section>
        <section id="serviceSection">
        <h2>Services</h2>
        <p id="serviceCounts" class="counts"></p>
        <label>Filter by name or address <input id="serviceFilter" type="search" maxlength="253" autocomplete="off" spellcheck="false"></label>
        <table><thead><tr><th scope="col">Service</th><th scope="col">Port</th><th scope="col">Addresses</th>\
        <th scope="col">Endpoints</th></tr></thead>
        <tbody id="services"></tbody></table>
        <p id="moreServices" class="more"></p>
        </section>
        </main>
        """
}
