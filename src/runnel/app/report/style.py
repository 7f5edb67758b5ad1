"""The report's look: light and dark by the reader's choice, system fonts, no outside reference."""

STYLE = """
:root{color-scheme:light dark;--bg:#F7F8FA;--surface:#FFF;--sunken:#EEF0F3;--border:#D9DDE3;--text:#1B1F24;--muted:#57606A;
--accent:#0B6E99;--ok:#1A7F37;--warning:#9A6700;--error:#CF222E}
@media (prefers-color-scheme:dark){:root{--bg:#111418;--surface:#191D23;--sunken:#0C0F12;--border:#2E353D;--text:#E6E9ED;
--muted:#9AA4AF;--accent:#4DB8E5;--ok:#3FB950;--warning:#D29922;--error:#F85149}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--text);font:14px/20px Inter,system-ui,sans-serif}
main{max-width:1180px;margin:0 auto;padding:32px 24px 64px}h1{font-size:28px;line-height:36px;margin:0 0 4px;font-weight:600}
h2{font-size:16px;line-height:24px;margin:32px 0 12px;font-weight:600}h3{font:600 13px/20px "JetBrains Mono",ui-monospace,monospace;margin:16px 0 6px}
header p,section>p{color:var(--muted);margin:0 0 12px;max-width:72ch}
.status{font-size:13px;line-height:20px;font-weight:500;padding:2px 10px;border-radius:10px;border:1px solid;vertical-align:middle;margin-left:8px}
.status.success{color:var(--ok)}.status.warning{color:var(--warning)}.status.failed,.status.cancelled{color:var(--error)}
.facts{display:flex;flex-wrap:wrap;gap:12px;margin-top:16px}.fact{background:var(--surface);border:1px solid var(--border);border-radius:8px;padding:10px 16px;min-width:120px}
.fact b{display:block;font-size:20px;line-height:28px;font-weight:600;font-variant-numeric:tabular-nums}.fact span{font-size:12px;color:var(--muted)}
.error{border:1px solid var(--error);border-radius:8px;padding:10px 14px;color:var(--error)!important;background:var(--surface);margin-top:16px!important;max-width:none!important}
.graph{border:1px solid var(--border);border-radius:8px;overflow:auto;background:var(--bg)}.graph svg{display:block;margin:auto;height:auto}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(460px,1fr));gap:16px}.card{margin:0;background:var(--surface);border:1px solid var(--border);border-radius:8px;padding:14px 16px}
.card.wide{grid-column:1/-1}figcaption{font-weight:600;margin-bottom:8px}.chart{width:100%;height:auto;display:block}
.chart .tick{font-size:11px;fill:var(--muted);font-variant-numeric:tabular-nums}.chart .value{font-size:12px;fill:var(--text);font-variant-numeric:tabular-nums}
.chart .axis{font-size:11px;fill:var(--muted)}.chart .direct{font-size:12px;font-weight:600}.chart .grid{stroke:var(--text);stroke-opacity:.1}
.chart .land{fill:var(--sunken);stroke:var(--border);stroke-width:.7}.chart .country{stroke:var(--text);stroke-opacity:.45;stroke-width:.7}
.chart .place{fill-opacity:.75;stroke:var(--surface);stroke-width:.7}
.chart .slice{stroke:var(--surface);stroke-width:2}.number span{display:block;font-size:44px;line-height:52px;font-weight:600;font-variant-numeric:tabular-nums}
.number small{color:var(--muted);font-size:13px}.scroll{overflow:auto;border:1px solid var(--border);border-radius:8px;background:var(--surface);max-height:420px}
table{border-collapse:collapse;width:100%;font-size:12px;line-height:18px}th,td{padding:4px 10px;text-align:left;white-space:nowrap;border-bottom:1px solid var(--border)}
td{font-family:"JetBrains Mono",ui-monospace,monospace;font-variant-numeric:tabular-nums}tr:last-child td{border-bottom:0}
th{position:sticky;top:0;background:var(--sunken);font-weight:600;vertical-align:bottom}th small{display:block;font-weight:400;color:var(--muted);font-size:11px}
.right{text-align:right}td i{font-style:normal;color:var(--muted);background:var(--sunken);border-radius:4px;padding:0 5px}tbody tr:hover{background:var(--sunken)}
.foot{font-size:12px;color:var(--muted);margin:6px 0 0}details summary{cursor:pointer;color:var(--accent);font-size:12px;margin-top:8px}
details .scroll{margin-top:8px;max-height:240px}pre{background:var(--surface);border:1px solid var(--border);border-radius:8px;padding:14px;overflow:auto;font:12px/18px "JetBrains Mono",ui-monospace,monospace}
.empty{color:var(--muted)}
""".strip().replace("\n", "")
