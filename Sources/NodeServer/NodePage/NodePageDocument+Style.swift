extension NodePageDocument {
    /// Light and dark by the reader's setting. In a narrow window each row of a table is a block, with the columns' names before its cells.
    static let style = """

        :root {
        --page: #fff; --text: #1b1d21; --dim: #565b63; --line: #d5d8dd; --chart: #0b5cad;
        --failing: #b3001b; --waiting: #7a5000; --running: #17682b; --ended: #565b63
        }
        @media (prefers-color-scheme: dark) {
        :root {
        --page: #15171a; --text: #e8eaed; --dim: #a4aab3; --line: #3a3f46; --chart: #79b8ff;
        --failing: #ff8d85; --waiting: #ffc966; --running: #7fdc92; --ended: #a4aab3
        }
        }
        * { box-sizing: border-box }
        body { margin: 0 auto; padding: 1rem; max-width: 80rem; background: var(--page); color: var(--text); font: 15px/1.45 system-ui, sans-serif }
        header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline }
        h1 { margin: 0; font-size: 1.5rem; overflow-wrap: anywhere }
        h2 { margin: 1.5rem 0 .5rem; font-size: 1.15rem }
        p { margin: 0 }
        #updated { color: var(--dim); margin-left: auto }
        #alert {
        margin: .75rem 0; padding: .6rem .8rem; border: 2px solid var(--failing); color: var(--failing); font-weight: 600; overflow-wrap: anywhere
        }
        .stale { opacity: .7 }
        ul { margin: .5rem 0; padding: 0; list-style: none }
        #facts { display: flex; flex-wrap: wrap; gap: .1rem 1.25rem; color: var(--dim) }
        #facts li, #disks li { overflow-wrap: anywhere }
        .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem; align-items: start }
        figure { margin: 0 }
        .chart { display: block; width: 100%; height: 4.5rem; border: 1px solid var(--line) }
        .spark { width: 4.5rem; height: 1.1rem; vertical-align: middle; margin-left: .5rem }
        svg path { fill: none; stroke: var(--chart); stroke-width: 1.5; vector-effect: non-scaling-stroke }
        small, .detail, .counts, .more { color: var(--dim) }
        .detail { font-size: .9em }
        .detail, td { overflow-wrap: anywhere; unicode-bidi: plaintext }
        td:first-child { overflow-wrap: break-word }
        label { display: block; margin: .5rem 0; color: var(--dim) }
        input, button {
        padding: .25rem .5rem; border: 1px solid var(--dim); border-radius: 4px; font: inherit; color: var(--text); background: var(--page)
        }
        input { width: 22rem; max-width: 100%; display: block }
        :focus-visible { outline: 2px solid var(--chart); outline-offset: 1px }
        table { width: 100%; border-collapse: collapse }
        th { text-align: left; font-weight: 600; color: var(--dim) }
        th, td { padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
        .failing { color: var(--failing); font-weight: 600 }
        .waiting { color: var(--waiting); font-weight: 600 }
        .running { color: var(--running) }
        .ended { color: var(--ended) }
        .number, [data-column=Age], [data-column=For] { white-space: nowrap }
        @media (max-width: 700px) {
        thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden }
        table, tbody, tr, td { display: block }
        tr { padding: .4rem 0; border-bottom: 1px solid var(--line) }
        td { display: grid; grid-template-columns: 6.5rem minmax(0, 1fr); padding: .1rem 0; border: 0 }
        td::before { content: attr(data-column); color: var(--dim); font-weight: 400 }
        td > * { grid-column: 2 }
        td:is([data-column=Ready], [data-column=Restarts], [data-column=Age], [data-column=CPU], [data-column=Memory]) {
        display: inline-flex; gap: .4rem; margin-right: 1rem
        }
        td.empty { display: none }
        #updated { margin-left: 0 }
        }

        """
}
