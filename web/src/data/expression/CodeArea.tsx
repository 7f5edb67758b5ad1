import {
  autocompletion,
  type Completion as CodeCompletion,
  type CompletionContext,
  completionKeymap,
  startCompletion,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching } from "@codemirror/language";
import { type Diagnostic, linter, setDiagnostics } from "@codemirror/lint";
import { Compartment, EditorState, type Extension, Prec, RangeSetBuilder } from "@codemirror/state";
import {
  Decoration,
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
  placeholder,
} from "@codemirror/view";
import { useEffect, useRef } from "react";
import { COLUMN_DRAG } from "../dragging";
import { columnName } from "../literals";
import type { Completions } from "../looking";
import type { CodeAreaProps, Mark } from "./CodeField";
import { face, languageOf } from "./language";
import { words } from "./words";

/** The editor itself; fetched when the first one is shown. */
export function CodeArea(props: CodeAreaProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const parts = useRef({ lines: new Compartment(), editable: new Compartment() });

  // biome-ignore lint/correctness/useExhaustiveDependencies: the editor is made once; what changes goes in below
  useEffect(() => {
    if (!host.current) return;
    const made = new EditorView({
      parent: host.current,
      state: EditorState.create({ doc: props.value, extensions: extensions(latest, parts.current) }),
    });
    view.current = made;
    if (props.autoFocus) made.focus();
    return () => {
      made.destroy();
      view.current = null;
    };
  }, []);

  useEffect(() => {
    const current = view.current;
    if (!current || current.state.doc.toString() === props.value) return;
    const length = Math.min(current.state.selection.main.head, props.value.length);
    current.dispatch({
      changes: { from: 0, to: current.state.doc.length, insert: props.value },
      selection: { anchor: length },
    });
  }, [props.value]);

  useEffect(() => {
    const current = view.current;
    if (current) current.dispatch(setDiagnostics(current.state, diagnostics(current, props.marks ?? [])));
  }, [props.marks]);

  useEffect(() => {
    const current = view.current;
    if (!current) return;
    current.dispatch({ effects: parts.current.lines.reconfigure(lit(props.litLines ?? null)) });
    if (props.litLines) {
      const line = current.state.doc.line(Math.min(current.state.doc.lines, props.litLines[0]));
      current.dispatch({ effects: EditorView.scrollIntoView(line.from, { y: "start", yMargin: 40 }) });
    }
  }, [props.litLines]);

  useEffect(() => {
    view.current?.dispatch({
      effects: parts.current.editable.reconfigure(EditorState.readOnly.of(props.readOnly ?? false)),
    });
  }, [props.readOnly]);

  return <div ref={host} className="min-h-0 min-w-0 [&_.cm-editor]:h-full" style={{ minHeight: props.minHeight }} />;
}

type Latest = { readonly current: CodeAreaProps };

function extensions(latest: Latest, parts: { lines: Compartment; editable: Compartment }): Extension[] {
  const { language, label, numbered, complete, wrap } = latest.current;
  return [
    history(),
    drawSelection(),
    bracketMatching(),
    languageOf(language),
    face,
    numbered ? [lineNumbers(), highlightActiveLineGutter(), highlightActiveLine()] : [],
    wrap === false ? [] : EditorView.lineWrapping,
    placeholder(latest.current.placeholder ?? ""),
    EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false" }),
    parts.lines.of(lit(latest.current.litLines ?? null)),
    parts.editable.of(EditorState.readOnly.of(latest.current.readOnly ?? false)),
    complete ? completing(latest) : [],
    linter(null),
    Prec.highest(keymap.of(ownKeys(latest))),
    keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap]),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) latest.current.onChange(update.state.doc.toString());
      if (update.focusChanged) {
        if (update.view.hasFocus) latest.current.onFocus?.();
        else latest.current.onBlur?.();
      }
      if (update.selectionSet)
        latest.current.onLine?.(update.state.doc.lineAt(update.state.selection.main.head).number);
    }),
    EditorView.domEventHandlers({
      drop: (event, current) => {
        const column = event.dataTransfer?.getData(COLUMN_DRAG);
        if (!column) return false;
        event.preventDefault();
        const at = current.posAtCoords({ x: event.clientX, y: event.clientY }) ?? current.state.doc.length;
        const name = latest.current.language === "text" ? column : columnName(column);
        current.dispatch({ changes: { from: at, insert: name }, selection: { anchor: at + name.length } });
        current.focus();
        return true;
      },
    }),
  ];
}

function ownKeys(latest: Latest) {
  return [
    { key: "Alt-Enter", run: () => latest.current.onFix?.() ?? false },
    {
      key: "Escape",
      run: (current: EditorView) => {
        if (current.dom.querySelector(".cm-tooltip-autocomplete")) return false;
        latest.current.onRevert?.();
        current.contentDOM.blur();
        return true;
      },
    },
    { key: "Mod-Enter", run: () => false },
    ...(latest.current.singleLine ? [{ key: "Enter", run: () => true }] : []),
  ];
}

/** Completion from the server; an older question is dropped when the text changed. */
function completing(latest: Latest): Extension {
  const source = async (context: CompletionContext) => {
    const before = context.matchBefore(/[\p{L}\p{N}_"$.{]+/u);
    const sign = context.matchBefore(/[=<>(,]\s*'?$/);
    if (!context.explicit && !before && !sign) return null;
    if (!context.explicit && before && /^\d/.test(before.text)) return null;
    const abort = new AbortController();
    context.addEventListener("abort", () => abort.abort());
    let found: Completions | null = null;
    try {
      found = (await latest.current.complete?.(context.state.doc.toString(), context.pos, abort.signal)) ?? null;
    } catch {
      return null;
    }
    if (!found || context.aborted) return null;
    return { from: found.from, options: found.items.map(option), validFor: /^[\p{L}\p{N}_]*$/u };
  };
  return [
    autocompletion({
      override: [source],
      activateOnTyping: true,
      activateOnTypingDelay: 40,
      icons: false,
      maxRenderedOptions: 60,
    }),
    EditorView.domEventHandlers({
      focus: (_, current) => {
        if (current.state.doc.length === 0) startCompletion(current);
        return false;
      },
    }),
  ];
}

function option(item: Completions["items"][number]): CodeCompletion {
  const kind = words.kinds[item.kind] ?? item.kind;
  const [signature = "", sentence] = (item.detail ?? "").split(" — ");
  const shown = item.kind === "function" ? signature.slice(signature.indexOf("(")) : signature;
  return {
    label: item.label,
    apply: item.insert ?? item.label,
    detail: item.type ?? (shown || kind),
    info: item.info ?? sentence,
    boost: item.kind === "column" ? 2 : item.kind === "value" ? 3 : 0,
  };
}

function diagnostics(view: EditorView, marks: readonly Mark[]): Diagnostic[] {
  const length = view.state.doc.length;
  return marks.map((mark) => ({
    from: Math.min(mark.from, length),
    to: Math.min(Math.max(mark.to, mark.from), length),
    severity: mark.severity,
    message: mark.message,
    actions: mark.fixes?.map((fix) => ({ name: fix.title, apply: () => fix.apply() })),
  }));
}

function lit(lines: readonly [number, number] | null): Extension {
  if (!lines) return [];
  const line = Decoration.line({ class: "cm-highlighted" });
  return EditorView.decorations.compute(["doc"], (state) => {
    const builder = new RangeSetBuilder<Decoration>();
    for (let number = Math.max(1, lines[0]); number <= Math.min(lines[1], state.doc.lines); number++) {
      const { from } = state.doc.line(number);
      builder.add(from, from, line);
    }
    return builder.finish();
  });
}
