/// The page's style sheet: light and dark, narrow and wide, on paper.
enum PageStyle {
  static let sheet: Markup = """
    :root { --ground: #fcfcfa; --ink: #1d2126; --faint: #5d6670; --rule: #d8dbde; --card: #f2f3f1;
      --c0: #1f66b1; --c1: #c2570c; --c2: #2b7d46; --c3: #8a3ba0; --c4: #a0251d; --c5: #58707a;
      --c6: #9a7b00; --c7: #8b8f94; --ins: #d7efdc; --del: #f8dcd7; --alarm: #a0251d; }
    @media (prefers-color-scheme: dark) { :root { --ground: #14171a; --ink: #e4e7ea;
      --faint: #9aa4ae; --rule: #343a40; --card: #1d2125; --c0: #6cb0f5; --c1: #f0974e;
      --c2: #68c184; --c3: #cc8fe0; --c4: #f0857c; --c5: #9cb4be; --c6: #d9bc4a; --c7: #868c92;
      --ins: #1e4429; --del: #52261f; --alarm: #f0857c; } }
    * { box-sizing: border-box; }
    html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
    body { margin: 0 auto; padding: 1.2rem clamp(0.9rem, 4vw, 2.5rem) 3rem; max-width: 68rem;
      background: var(--ground); color: var(--ink);
      font: 1rem/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
    h1 { font-size: 1.5rem; line-height: 1.2; margin: 0.4rem 0; overflow-wrap: anywhere; }
    h2 { font-size: 1.2rem; margin: 2.4rem 0 0.8rem; padding-top: 0.5rem;
      border-top: 2px solid var(--rule); }
    h4 { margin: 0 0 0.2rem; font-size: 0.85rem; color: var(--faint); font-weight: 600; }
    a { color: var(--c0); }
    code, pre { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 0.88em;
      overflow-wrap: anywhere; }
    pre { background: var(--card); padding: 0.8rem; border-radius: 6px; white-space: pre-wrap; }
    .headline { font-size: 1.15rem; } .headline strong { font-size: 1.5rem; color: var(--c0); }
    .faint { color: var(--faint); } .note { color: var(--faint); font-size: 0.9rem; }
    .alarm { border-left: 4px solid var(--alarm); padding: 0.3rem 0.8rem; background: var(--card); }
    nav { display: flex; flex-wrap: wrap; gap: 0.3rem 1.1rem; margin: 1rem 0; font-size: 0.92rem; }
    .wide { overflow-x: auto; margin: 1rem 0; }
    table { border-collapse: collapse; font-size: 0.92rem; font-variant-numeric: tabular-nums; }
    caption { text-align: left; font-weight: 600; padding-bottom: 0.3rem; }
    th, td { padding: 0.3rem 0.9rem 0.3rem 0; text-align: left; vertical-align: top;
      border-bottom: 1px solid var(--rule); }
    thead th { color: var(--faint); font-weight: 500; vertical-align: bottom; }
    tbody th { font-weight: 500; white-space: nowrap; }
    td { white-space: nowrap; } td:last-child { white-space: normal; }
    .plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr));
      gap: 1.2rem; margin: 1rem 0; }
    .plot { margin: 0; break-inside: avoid; }
    figcaption { font-weight: 600; font-size: 0.95rem; margin-bottom: 0.2rem; }
    svg { width: 100%; height: auto; display: block; }
    svg text { fill: var(--faint); font-size: 11.5px; font-family: inherit; }
    .end { text-anchor: end; } .mid { text-anchor: middle; }
    .grid { stroke: var(--rule); stroke-width: 1; } .axis { stroke: var(--faint); }
    .level { stroke: var(--faint); stroke-dasharray: 5 4; }
    .line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
    .area { fill-opacity: 0.16; stroke-width: 1.6; }
    .c0 { --c: var(--c0); } .c1 { --c: var(--c1); } .c2 { --c: var(--c2); } .c3 { --c: var(--c3); }
    .c4 { --c: var(--c4); } .c5 { --c: var(--c5); } .c6 { --c: var(--c6); } .c7 { --c: var(--c7); }
    .line, .area { stroke: var(--c); } .area, .dot, .part, .key { fill: var(--c); }
    .legend { display: flex; flex-wrap: wrap; gap: 0.1rem 1rem; list-style: none; margin: 0.3rem 0 0;
      padding: 0; font-size: 0.82rem; color: var(--faint); }
    span.key { display: inline-block; width: 0.7rem; height: 0.7rem; margin-right: 0.35rem;
      background: var(--c); border-radius: 2px; }
    .example { background: var(--card); border-radius: 8px; padding: 0.8rem 1rem; margin: 0.8rem 0;
      break-inside: avoid; }
    .asked { font-weight: 600; margin: 0 0 0.6rem; white-space: pre-wrap; overflow-wrap: anywhere; }
    .sides { display: grid; gap: 0.8rem 1.4rem;
      grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); }
    .said { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
    .gold { margin: 0.6rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; color: var(--faint); }
    ins { background: var(--ins); text-decoration: none; border-radius: 3px; }
    del { background: var(--del); text-decoration: none; border-radius: 3px; }
    .story { padding-left: 1.4rem; border-left: 3px solid var(--rule); margin: 1.2rem 0; }
    .story li { margin: 0.4rem 0; overflow-wrap: anywhere; } li:target { background: var(--ins); }
    footer { margin-top: 3rem; color: var(--faint); font-size: 0.88rem; }
    @media print { :root { --ground: #fff; --ink: #000; --faint: #444; --rule: #bbb; --card: #fff;
        --c0: #1f66b1; --c1: #c2570c; --c2: #2b7d46; --c3: #8a3ba0; --c4: #a0251d; --c5: #58707a;
        --c6: #9a7b00; --c7: #8b8f94; --ins: #d7efdc; --del: #f8dcd7; --alarm: #a0251d; }
      body { max-width: none; padding: 0; font-size: 10pt; } nav { display: none; }
      .example { border: 1px solid var(--rule); } .wide { overflow: visible; }
      ins { text-decoration: underline; } del { text-decoration: line-through; }
      * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
    """
}
