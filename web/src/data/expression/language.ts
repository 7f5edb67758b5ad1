/** How expressions, SQL and YAML are coloured: one palette, from the tokens of the theme. */
import { PostgreSQL, sql } from "@codemirror/lang-sql";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, StreamLanguage, type StreamParser, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

export type CodeLanguage = "expression" | "sql" | "yaml" | "text";

const KEYWORDS =
  /^(?:and|or|not|in|is|null|true|false|between|like|ilike|case|when|then|else|end|cast|try_cast|as|distinct|from|date|timestamp|timestamptz|interval|over|partition|by|order|asc|desc|nulls|first|last|filter|where)\b/i;

const parser: StreamParser<unknown> = {
  name: "expression",
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(/^\$\{[^}]*\}?/)) return "atom";
    if (stream.match(/^'(?:[^']|'')*'?/)) return "string";
    if (stream.match(/^"(?:[^"]|"")*"?/)) return "variableName";
    if (stream.match(/^(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/)) return "number";
    if (stream.match(KEYWORDS)) return "keyword";
    if (stream.match(/^[\p{L}_][\p{L}\p{N}_]*(?=\s*\()/u)) return "function";
    if (stream.match(/^[\p{L}_][\p{L}\p{N}_]*/u)) return "variableName";
    stream.next();
    return "operator";
  },
  tokenTable: { function: tags.function(tags.variableName) },
};

const expression = StreamLanguage.define(parser);

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier, tags.bool, tags.null], color: "var(--s-key)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--s-str)" },
  { tag: tags.number, color: "var(--s-num)" },
  {
    tag: [
      tags.function(tags.variableName),
      tags.standard(tags.name),
      tags.definition(tags.propertyName),
      tags.propertyName,
    ],
    color: "var(--s-fn)",
  },
  { tag: [tags.comment, tags.meta], color: "var(--s-com)" },
  { tag: tags.atom, color: "var(--stale)" },
]);

export function languageOf(language: CodeLanguage): Extension {
  const look = syntaxHighlighting(colours);
  if (language === "sql") return [sql({ dialect: PostgreSQL }), look];
  if (language === "yaml") return [yaml(), look];
  return language === "expression" ? [expression, look] : look;
}

/** The editor's own look, from tokens. */
export const face = EditorView.theme({
  "&": { fontSize: "0.8125rem", backgroundColor: "transparent", color: "var(--text)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": {
    fontFamily: "var(--font-mono, 'JetBrains Mono Variable'), ui-monospace, monospace",
    lineHeight: "1.375rem",
    fontFeatureSettings: '"zero", "calt" 0',
  },
  ".cm-content": { padding: "4px 0", caretColor: "var(--accent)" },
  ".cm-line": { padding: "0 10px 0 8px" },
  ".cm-cursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "1.5px" },
  ".cm-activeLine": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine": { backgroundColor: "var(--hover)" },
  ".cm-gutters": { backgroundColor: "transparent", border: "none", color: "var(--muted)", fontSize: "0.6875rem" },
  ".cm-activeLineGutter": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLineGutter": { backgroundColor: "var(--hover)" },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 2px 0 8px", minWidth: "22px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 24%, transparent)",
  },
  ".cm-placeholder": { color: "var(--muted)" },
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--err) 1px",
    textUnderlineOffset: "3px",
  },
  ".cm-lintRange-warning": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--warn) 1px",
    textUnderlineOffset: "3px",
  },
  ".cm-tooltip": {
    backgroundColor: "var(--raised)",
    color: "var(--text)",
    border: "none",
    borderRadius: "8px",
    boxShadow: "var(--sh-menu)",
    overflow: "hidden",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--font-mono), monospace", maxHeight: "240px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": {
    padding: "2px 8px",
    lineHeight: "1.25rem",
    maxWidth: "360px",
    overflow: "hidden",
    textOverflow: "ellipsis",
  },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent-soft)", color: "var(--text)" },
  ".cm-completionMatchedText": { color: "var(--accent)", textDecoration: "none", fontWeight: "600" },
  ".cm-completionDetail": { color: "var(--muted)", fontStyle: "normal", marginLeft: "10px", fontSize: "0.6875rem" },
  ".cm-completionIcon": { display: "none" },
  ".cm-tooltip.cm-completionInfo": {
    padding: "6px 10px",
    maxWidth: "300px",
    fontFamily: "var(--font-sans), sans-serif",
  },
  ".cm-tooltip-lint": { padding: "2px 0" },
  ".cm-diagnostic": { borderLeft: "none", padding: "4px 10px", maxWidth: "340px" },
  ".cm-diagnosticAction": {
    backgroundColor: "var(--surface)",
    color: "var(--text)",
    border: "1px solid var(--border)",
    borderRadius: "6px",
    padding: "2px 8px",
    marginLeft: "0",
    marginTop: "4px",
    display: "block",
    font: "inherit",
    fontWeight: "500",
  },
  ".cm-panels": { backgroundColor: "var(--surface)", color: "var(--text)" },
  ".cm-highlighted": { backgroundColor: "var(--accent-soft)" },
});
