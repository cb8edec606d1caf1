"""How a report's page looks: on a phone and a desk, in light and dark, and on paper."""

LIGHT = {
    "ground": "#ffffff", "panel": "#f5f7f9", "letters": "#1b1f24", "quiet": "#57606a", "edge": "#c4ccd4",
    "accent": "#0b5cad", "warning": "#9a3b00", "right": "11 92 173", "wrong": "190 80 0",
}  # fmt: skip
DARK = {
    "ground": "#14171b", "panel": "#1d2228", "letters": "#e8ebee", "quiet": "#a3adb8", "edge": "#454e58",
    "accent": "#79b8ff", "warning": "#ffb077", "right": "121 184 255", "wrong": "255 150 80",
}  # fmt: skip


def _colours(scheme: dict[str, str]) -> str:
    return " ".join(f"--{name}: {value};" for name, value in scheme.items())


STYLE = (
    f"""
:root {{ color-scheme: light dark; {_colours(LIGHT)} }}
@media screen and (prefers-color-scheme: dark) {{ :root {{ {_colours(DARK)} }} }}
"""
    + """
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 52rem; background: var(--ground); color: var(--letters);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: .5rem 0 0; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 2.5rem 0 .5rem; padding-top: .75rem;
  border-top: 1px solid var(--edge); break-after: avoid; }
p { margin: .5rem 0; max-width: 42rem; }
a { color: var(--accent); }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: 1rem 0; }
.quiet, caption, figcaption { color: var(--quiet); font-size: .875rem; }
.verdict { font-size: 1.125rem; }
.scores { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1rem 0; padding: 0; list-style: none; }
.scores li { flex: 1 1 14rem; padding: .75rem 1rem; background: var(--panel); border: 1px solid var(--edge);
  border-radius: .5rem; }
.scores b { display: block; font-size: 1.5rem; line-height: 1.3; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .125rem 1rem; margin: .5rem 0; font-size: .9375rem; }
dt { color: var(--quiet); }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
pre { margin: .5rem 0; padding: .75rem 1rem; background: var(--panel); border: 1px solid var(--edge);
  border-radius: .5rem; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .875rem; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
figure { margin: 1rem 0; overflow-x: auto; break-inside: avoid; }
.wide { overflow-x: auto; margin: 1rem 0; }
.wide:focus-visible { outline: 2px solid var(--accent); }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .375rem; }
th, td { padding: .25rem .75rem .25rem 0; text-align: right; vertical-align: top;
  border-bottom: 1px solid var(--edge); }
th:first-child { text-align: left; }
th { font-weight: 600; }
thead th { color: var(--quiet); font-weight: 400; vertical-align: bottom; }
tbody th { overflow-wrap: anywhere; min-width: 8rem; }
tr, tbody { break-inside: avoid; }
.grid td { text-align: center; padding: .375rem .5rem; border: 1px solid var(--edge); }
.grid thead th:not(:first-child) { text-align: center; padding: .25rem .5rem; }
.grid .right { background: rgb(var(--right) / var(--shade)); }
.grid .wrong { background: rgb(var(--wrong) / var(--shade)); }
.rows { width: 100%; }
.rows tr:not(:last-child) th, .rows tr:not(:last-child) td { border-bottom: 0; }
.rows .text { text-align: left; padding: 0 0 .75rem; }
.rows .text p { margin: 0; max-width: none; }
.mark { color: var(--warning); border: 1px solid; border-radius: .25rem; padding: 0 .375rem; white-space: nowrap; }
svg { display: block; overflow: visible; width: 100%; max-width: 32rem; height: auto; font-size: 12px; }
text { fill: var(--letters); }
text.quiet { fill: var(--quiet); font-size: 11px; }
text.strong { font-weight: 600; }
text.small { font-size: 10px; }
.zero, .same { stroke: var(--quiet); stroke-width: 1; stroke-dasharray: 4 3; }
.guide { stroke: var(--edge); stroke-width: .5; }
.range { stroke: var(--accent); stroke-width: 2; }
.dot { fill: var(--accent); stroke: var(--accent); stroke-width: 2; }
.dot.hollow { fill: var(--ground); }
.dot.open { fill: var(--quiet); }
.band { fill: var(--accent); fill-opacity: .15; }
.ahead { fill: none; stroke: var(--accent); stroke-width: 2; }
.bar, .shade { fill: var(--accent); }
.track { fill: var(--panel); stroke: var(--edge); stroke-width: .5; }
.cell { fill: none; stroke: var(--edge); }
.cell.pruned, .cell.failed { stroke: var(--quiet); stroke-dasharray: 3 3; }
.cell.chosen { stroke: var(--letters); stroke-width: 2.5; }
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  nav { display: none; }
  .wide, figure { overflow: visible; }
  .wide:not(:has(.rows)) { break-inside: avoid; }
  svg { max-width: 12cm; }
}
"""
)
