extension Page {
    /// On a narrow screen a row becomes a block, each cell with its label.
    static let style: StaticString = """

        :root { color-scheme: light dark; --ink: #1d2530; --dim: #5a6675; --line: #d8dee6; --back: #fbfcfd;
          --warm: #fff4df; --bad: #b3261e; --bar: #3a6ea5; }
        @media (prefers-color-scheme: dark) {
          :root { --ink: #e3e8ee; --dim: #98a4b3; --line: #333c48; --back: #14181d;
            --warm: #3a2f17; --bad: #ff8a80; --bar: #7fb2e5; }
        }
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 70rem; padding: 1rem; font: 16px/1.45 system-ui, sans-serif;
          color: var(--ink); background: var(--back); }
        h1 { font-size: 1.4rem; margin: 0; }
        h2 { font-size: 1rem; margin: 0 0 .3rem; }
        header p, footer, th p, small { color: var(--dim); }
        header p { margin: .2rem 0 0; }
        footer { margin-top: 1.5rem; font-size: .85rem; }
        section { background: var(--warm); border-radius: .5rem; padding: .7rem 1rem; margin-top: 1rem; }
        ul { margin: 0; padding-left: 1.1rem; }
        code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
        table { border-collapse: collapse; width: 100%; margin-top: 1rem; }
        th, td { text-align: right; vertical-align: top; padding: .55rem .6rem; border-bottom: 1px solid var(--line);
          font-variant-numeric: tabular-nums; white-space: nowrap; }
        th:first-child { text-align: left; padding-left: 0; white-space: normal; overflow-wrap: anywhere; }
        thead th { color: var(--dim); font-weight: normal; font-size: .85rem; }
        th p { margin: .1rem 0 0; font-weight: normal; font-size: .9rem; }
        progress { display: block; width: 9rem; height: .4rem; margin: .3rem 0 0 auto; appearance: none; border: 0;
          border-radius: .2rem; overflow: hidden; background: var(--line); }
        progress::-webkit-progress-bar { background: var(--line); }
        progress::-webkit-progress-value { background: var(--bar); }
        progress::-moz-progress-bar { background: var(--bar); }
        .bad { color: var(--bad); font-weight: 600; }
        @media (max-width: 44rem) {
          thead { display: none; }
          table, tbody { display: block; }
          tr { display: grid; grid-template-columns: 1fr 1fr; gap: .1rem 1.2rem; padding: .7rem 0;
            border-bottom: 1px solid var(--line); }
          tr > th, tr > td { display: flex; justify-content: space-between; border: 0; padding: .1rem 0; }
          tr > th { display: block; grid-column: 1 / -1; }
          td::before { content: attr(data-label); color: var(--dim); }
          td:has(progress) { grid-column: 1 / -1; align-items: center; gap: .8rem; }
          td:has(progress) progress { flex: 1; width: auto; margin: 0; }
          td:has(progress) span { order: 1; }
        }

        """
}
