/** The open pipeline: its document changes by commands only; everything else follows from it. */
import { createStore, type StoreApi } from "zustand/vanilla";
import { listen } from "../api/events";
import { http, Problem, segment } from "../api/http";
import type { Analysis, Draft } from "../api/types";
import { draftOf, type Place } from "../data/looking";
import { addNode, startConfig } from "../document/commands/addNode";
import { applyEdits, EditError } from "../document/editing";
import { nodeOf, type Scene } from "../document/graph";
import { EMPTY, type Outcome, perform, redo, undo } from "../document/history";
import { sameJson } from "../document/json";
import { isStream } from "../document/streaming";
import type { Catalogue, Change, Edit, JsonMap, KnownPorts, PipelineDocument, PortRef } from "../document/types";
import { mainOutput } from "../document/typing";
import { type Analyser, createAnalyser } from "./analysing";
import { createFollower, type Offer, withOffer } from "./following";
import { keepHistory, loadHistory } from "./historyStorage";
import { positionsFor } from "./layouting";
import { followRuns, lastRun, type RunHooks, runView, startedView } from "./running";
import { type EditorState, NOTHING, type Selection } from "./state";
import { createStreaming, type Streaming } from "./streaming";
import { createSync, type Sync, takePending } from "./sync";
import { createView, type ViewStore } from "./view";
import { words } from "./words";

export interface Notice {
  readonly tone: "info" | "ok" | "warning" | "error";
  readonly title: string;
  readonly detail?: string;
  readonly action?: { readonly label: string; readonly run: () => void };
  /** A later notice of the same topic takes the place of this one. */
  readonly topic?: string;
}

/** How a pipeline is run, as the server takes it. */
export interface RunOptions {
  readonly to?: string;
  readonly params?: JsonMap;
  readonly sample?: number;
  readonly dry_run?: boolean;
  readonly use_cache?: boolean;
}

/** A run whose version is looked at instead of the draft. */
export interface PastRun {
  readonly id: string;
  readonly startedAt: string;
  readonly version: string;
}

export interface Editor {
  readonly name: string;
  /** What is looked at, when it is not the draft; nothing can be changed then. */
  readonly past: PastRun | null;
  /** Where questions about the data go: who may not edit asks about what is saved. */
  readonly place: (document: PipelineDocument) => Place;
  readonly store: StoreApi<EditorState>;
  readonly view: ViewStore;
  /** The stream that the pipeline is, where it has a source without end. */
  readonly streaming: Streaming;
  /** Do a change: it shows at once, is one step of the history, and is saved within a second. */
  run: (change: Change | null) => void;
  /** Apply edits that a finding offers. */
  applyFix: (fix: { readonly title: string; readonly edits: readonly Edit[] }) => void;
  /** Append a configured node after another one, select and show it; returns its id. */
  append: (args: { kind: string; after?: PortRef | string; config?: JsonMap; title?: string }) => string | null;
  undo: () => void;
  redo: () => void;
  select: (selection: Partial<Record<keyof Selection, Iterable<string>>>, mode?: "only" | "add" | "toggle") => void;
  light: (columns: Iterable<string>) => void;
  /** Everything is at the server. */
  flush: () => Promise<void>;
  saveVersion: () => Promise<void>;
  execute: (options?: RunOptions) => Promise<string | null>;
  cancel: () => Promise<void>;
  showRun: (id: string) => Promise<void>;
  /** Take a draft whose text was written by hand and accepted: one step of the history, already at the server. */
  adoptText: (draft: Draft) => void;
  /** Take a draft as the server has it now; the history ends. */
  load: (draft: Draft) => void;
  reload: () => Promise<void>;
  onNotice: (listener: (notice: Notice) => void) => () => void;
  close: () => void;
}

export interface Opening {
  readonly draft: Draft;
  readonly catalogue: Catalogue;
  readonly readOnly: boolean;
  readonly run: string | null;
  readonly past?: PastRun | null;
}

const clientId = (): string => crypto.randomUUID?.() ?? String(Math.random()).slice(2);

/** Ports as the compiler told them, while the node's kind is still the same. */
function knownPorts(document: PipelineDocument, analysis: Analysis | null): KnownPorts {
  return (id) => {
    const node = analysis?.nodes[id];
    return node && nodeOf(document, id)?.kind === node.kind ? node : null;
  };
}

export function openEditor(opening: Opening): Editor {
  const { draft, catalogue, past = null } = opening;
  const name = draft.name;
  const saved = { path: past ? `/runs/${segment(past.id)}` : `/pipelines/${segment(name)}` };
  const place: Editor["place"] = (document) => (opening.readOnly ? saved : draftOf(name, document));
  const isFixed = opening.readOnly || past !== null;
  const client = clientId();
  const view = createView();
  const listeners = new Set<(notice: Notice) => void>();
  const waitingNotices: Notice[] = [];
  const analyses = new WeakMap<PipelineDocument, Analysis>();
  let runDocument: PipelineDocument | null = null;
  let closed = false;

  const notify = (notice: Notice) => {
    if (listeners.size === 0) waitingNotices.push(notice);
    for (const listener of listeners) listener(notice);
  };

  const later = (places: EditorState["positions"]) => {
    if (!closed) store.setState({ positions: places });
  };
  const start: PipelineDocument = draft.document ?? {};
  const firstScene: Scene = { document: start, catalogue, known: () => null };
  const store = createStore<EditorState>(() => ({
    name,
    path: draft.path,
    document: start,
    scene: firstScene,
    positions: new Map(),
    revision: draft.revision,
    etag: draft.etag,
    version: draft.version,
    example: draft.example ?? false,
    history: EMPTY,
    sync: draft.conflict ? "conflict" : "saved",
    savedToFile: draft.saved,
    conflict: draft.conflict,
    readOnly: isFixed || draft.document === null,
    selection: NOTHING,
    analysis: null,
    analysed: false,
    analysedDocument: null,
    counts: null,
    run: null,
    lit: new Set(),
  }));
  store.setState({ positions: positionsFor(firstScene, new Map(), later) });

  const sync: Sync = createSync(name, client, {
    revision: () => store.getState().revision,
    onState: (state) => {
      if (state !== "saved" || !store.getState().conflict) store.setState({ sync: state });
      else store.setState({ sync: "conflict" });
    },
    onSaved: (answer) => {
      store.setState({ revision: answer.revision, etag: answer.etag, savedToFile: answer.saved });
      void keepHistory(name, answer.revision, answer.etag, store.getState().history);
      if (answer.conflict && !store.getState().conflict) void fetchConflict();
    },
    onOvertaken: rebase,
    onRefused: (problem) => {
      if (problem.status === 403) store.setState({ readOnly: true });
      notify({ tone: "error", title: words.refused, detail: [problem.what, problem.hint].filter(Boolean).join(" ") });
      void reload();
    },
  });

  const follower = createFollower(name, offered);
  const analyser: Analyser = createAnalyser(place, analysed, (counts) => store.setState({ counts }));

  function show(document: PipelineDocument, extra: Partial<EditorState> = {}): void {
    const before = store.getState();
    const analysis = extra.analysis ?? before.analysis;
    const scene: Scene = { document, catalogue, known: knownPorts(document, analysis) };
    const positions = positionsFor(scene, before.positions, later);
    const known = analyses.get(document);
    store.setState({ document, scene, positions, analysed: known !== undefined, ...extra });
    if (known) analysed(document, known);
    else analyser.ask(document);
  }

  function analysed(document: PipelineDocument, analysis: Analysis): void {
    analyses.set(document, analysis);
    const state = store.getState();
    if (state.document !== document) return;
    const scene: Scene = { document, catalogue, known: knownPorts(document, analysis) };
    const positions = positionsFor(scene, state.positions, later);
    store.setState({
      analysis,
      analysed: true,
      analysedDocument: document,
      scene,
      positions,
      run: withKeys(state.run),
    });
    follower.look(document, analysis);
  }

  function offered(offer: Offer): void {
    const { document, analysis, readOnly } = store.getState();
    if (document !== offer.document || !analysis || readOnly) return;
    const decorated = withOffer(analysis, offer);
    analyses.set(document, decorated);
    store.setState({ analysis: decorated });
    const action = { label: words.renameAction, run: () => applyFix(offer.fix) };
    notify({ tone: "info", title: words.renamed, detail: offer.fix.title, action, topic: "renamed" });
  }

  const applyFix: Editor["applyFix"] = (fix) => run({ label: fix.title, edits: fix.edits });

  const keyOf = (node: string): string | null =>
    (runDocument ? analyses.get(runDocument)?.nodes[node]?.key : undefined) ?? null;

  /** Results of a run whose document was analysed only later get their keys. */
  function withKeys(run: EditorState["run"]): EditorState["run"] {
    if (!run || !runDocument || !analyses.has(runDocument)) return run;
    const missing = [...run.nodes].some(([, result]) => result.key === null);
    if (!missing) return run;
    return { ...run, nodes: new Map([...run.nodes].map(([id, result]) => [id, { ...result, key: keyOf(id) }])) };
  }

  function done(outcome: Outcome | null, select?: readonly string[]): void {
    if (!outcome) return;
    show(outcome.document, { history: outcome.history });
    sync.send({ label: outcome.label, edits: outcome.edits });
    if (select) selectOnly(select);
    else dropGone();
  }

  function run(change: Change | null): void {
    const state = store.getState();
    if (!change || state.readOnly) return;
    try {
      done(perform(state.document, state.history, change, Date.now()), change.select);
    } catch (error) {
      if (!(error instanceof EditError)) throw error;
      notify({ tone: "warning", title: words.notApplied, detail: error.message });
    }
  }

  function step(outcome: Outcome | null): void {
    if (!outcome || store.getState().readOnly) return;
    done(outcome);
  }

  function selectOnly(nodes: readonly string[]): void {
    store.setState({ selection: { ...NOTHING, nodes: new Set(nodes) } });
  }

  /** What was selected and is no more. */
  function dropGone(): void {
    const { selection, document } = store.getState();
    const nodes = [...selection.nodes].filter((id) => nodeOf(document, id) !== null);
    if (nodes.length !== selection.nodes.size) selectOnly(nodes);
  }

  function select(
    wanted: Partial<Record<keyof Selection, Iterable<string>>>,
    mode: "only" | "add" | "toggle" = "only",
  ): void {
    const before = store.getState().selection;
    const next = { ...NOTHING } as Record<keyof Selection, ReadonlySet<string>>;
    for (const part of ["nodes", "wires", "frames", "notes"] as const) {
      const given = [...(wanted[part] ?? [])];
      const base = new Set(mode === "only" ? [] : before[part]);
      for (const id of given) {
        if (mode === "toggle" && base.has(id)) base.delete(id);
        else base.add(id);
      }
      next[part] = base;
    }
    if (sameSelection(before, next)) return;
    store.setState({ selection: next });
  }

  function rebase(current: Draft, pending: readonly { label: string; edits: readonly Edit[] }[]): void {
    load(current, false);
    try {
      for (const command of pending) {
        const document = applyEdits(store.getState().document, command.edits);
        show(document);
        sync.send(command);
      }
      if (pending.length > 0) notify({ tone: "info", title: words.merged });
    } catch (error) {
      if (!(error instanceof EditError)) throw error;
      notify({ tone: "warning", title: words.notApplied, detail: error.message });
    }
  }

  function load(current: Draft, tell = true): void {
    const document = current.document ?? {};
    const had = store.getState().history.done.length > 0;
    const base = {
      path: current.path,
      revision: current.revision,
      etag: current.etag,
      version: current.version,
      savedToFile: current.saved,
      conflict: current.conflict,
      readOnly: isFixed || current.document === null,
      sync: current.conflict ? ("conflict" as const) : ("saved" as const),
    };
    if (sameJson(document, store.getState().document)) {
      store.setState(base);
      void keepHistory(name, current.revision, current.etag, store.getState().history);
      return;
    }
    show(document, { ...base, history: EMPTY });
    dropGone();
    if (had && tell) notify({ tone: "info", title: words.historyLost });
  }

  function adoptText(current: Draft): void {
    const { document, history } = store.getState();
    if (!current.document) return;
    const change = {
      label: words.text,
      edits: [{ op: "set" as const, path: [], value: current.document }],
      merge: "text",
    };
    const outcome = perform(document, history, change, Date.now());
    const { revision, etag, version, saved: savedToFile } = current;
    const told = { revision, etag, version, savedToFile };
    if (outcome) show(outcome.document, { ...told, history: outcome.history });
    else store.setState(told);
    void keepHistory(name, revision, etag, store.getState().history);
    dropGone();
  }

  const fetchDraft = () => http.get<Draft>(`/pipelines/${segment(name)}/draft`);

  async function reload(): Promise<void> {
    const current = await fetchDraft().catch(() => null);
    if (current && !closed) {
      sync.reset();
      load(current);
    }
  }

  async function fetchConflict(): Promise<void> {
    const current = await fetchDraft().catch(() => null);
    if (current?.conflict) store.setState({ conflict: current.conflict, sync: "conflict" });
  }

  const hooks: RunHooks = {
    document: () => store.getState().document,
    view: () => store.getState().run,
    show: (found) => store.setState({ run: found }),
    key: keyOf,
    onFinished: (found) => {
      if (found.status === "failed") {
        notify({ tone: "error", title: words.runFailed, detail: found.error?.what });
      }
    },
  };

  async function execute(options: RunOptions = {}): Promise<string | null> {
    if (past) return null;
    const before = store.getState().run;
    // The answer to the press shows at once; the server's first word comes when the run's row is durable.
    hooks.show({ ...startedView("", store.getState().document), status: "pending" });
    try {
      await sync.flush();
      const { document, revision } = store.getState();
      runDocument = document;
      const answer = await http.post<{ run_id: string; version?: string }>(`/pipelines/${segment(name)}/execute`, {
        ...options,
        revision,
      });
      if (store.getState().run?.id !== answer.run_id) hooks.show(startedView(answer.run_id, document));
      store.setState({ savedToFile: true, version: answer.version ?? store.getState().version });
      // The run made a version of the draft: what can be undone belongs to its new state.
      const saved = await fetchDraft().catch(() => null);
      if (saved && sync.pending().length === 0 && sameJson(saved.document, store.getState().document)) load(saved);
      return answer.run_id;
    } catch (error) {
      store.setState({ run: before });
      const problem = error instanceof Problem ? error : null;
      view.setState({ drawer: true, drawerTab: "problems" });
      notify({ tone: "error", title: words.cannotRun, detail: problem ? problem.what : String(error) });
      return null;
    }
  }

  const streaming = createStreaming(name, {
    async ready() {
      await sync.flush();
      return store.getState().revision;
    },
    async started(version) {
      store.setState({ savedToFile: true, version });
      const saved = await fetchDraft().catch(() => null);
      if (saved && sync.pending().length === 0 && sameJson(saved.document, store.getState().document)) load(saved);
    },
    refused(error) {
      const problem = error instanceof Problem ? error : null;
      if (problem?.status === 422) view.setState({ drawer: true, drawerTab: "problems" });
      notify({ tone: "error", title: words.streamRefused, detail: problem ? problem.what : String(error) });
    },
    ended(row) {
      if (row.status !== "failed") return;
      notify({ tone: "error", title: words.streamFailed, detail: row.error?.what, topic: "stream" });
    },
  });
  const followStream = () => {
    if (!past) streaming.follow(isStream(store.getState().scene));
  };
  followStream();
  store.subscribe((state, before) => {
    if (state.scene !== before.scene) followStream();
  });

  async function showRun(id: string): Promise<void> {
    const found = await lastRun(name, id).catch(() => null);
    if (found) adoptRun(found);
  }

  function adoptRun(found: NonNullable<Awaited<ReturnType<typeof lastRun>>>): void {
    const state = store.getState();
    if (closed) return;
    const same = found.version !== undefined && found.version === (past?.version ?? state.version);
    runDocument = same || found.answer.status === "running" ? state.document : null;
    store.setState({ run: withKeys(runView(found.answer, runDocument ? keyOf : () => "")) });
  }

  const stopRuns = past ? () => undefined : followRuns(name, hooks);
  const stopEvents = listen((event) => {
    if (event.data.name !== name || past) return;
    const mine = event.data.client === client;
    const state = store.getState();
    if (event.type === "draft.changed") {
      if (typeof event.data.saved === "boolean" && Number(event.data.revision) === state.revision) {
        store.setState({ savedToFile: event.data.saved });
      }
      if (!mine && Number(event.data.revision) !== state.revision && sync.pending().length === 0) {
        void fetchDraft()
          .then((current) => !closed && sync.pending().length === 0 && load(current))
          .catch(() => undefined);
      }
    } else if (event.type === "pipeline.changed" && sync.pending().length === 0) {
      void fetchDraft()
        .then((current) => !closed && sync.pending().length === 0 && load(current))
        .catch(() => undefined);
    }
  });

  if (!past) void restore();
  analyser.ask(start);
  void lastRun(name, opening.run)
    .then((found) => found && !store.getState().run && adoptRun(found))
    .catch(() => undefined);

  async function restore(): Promise<void> {
    const pending = takePending(name);
    const kept = await loadHistory(name, draft.revision, draft.etag);
    if (closed || store.getState().history.done.length > 0) return;
    if (kept.lost) notify({ tone: "info", title: words.historyLost });
    store.setState({ history: kept.history });
    if (pending && pending.revision === draft.revision && pending.commands.length > 0) {
      rebase(draft, pending.commands);
      notify({ tone: "info", title: words.restored });
    }
  }

  function append(args: { kind: string; after?: PortRef | string; config?: JsonMap; title?: string }): string | null {
    const state = store.getState();
    const kind = catalogue.get(args.kind);
    if (!kind || state.readOnly) return null;
    const after = typeof args.after === "string" ? afterNode(state.scene, args.after) : args.after;
    const config = args.config ?? startConfig(kind);
    const change = addNode(state.scene, state.positions, { kind, from: after, config, title: args.title });
    run(change);
    view.getState().canvas?.reveal([change.node]);
    return change.node;
  }

  return {
    name,
    past,
    place,
    store,
    view,
    streaming,
    run,
    applyFix,
    append,
    undo: () => step(undo(store.getState().document, store.getState().history)),
    redo: () => step(redo(store.getState().document, store.getState().history)),
    select,
    light: (columns) => store.setState({ lit: new Set(columns) }),
    flush: () => sync.flush(),
    async saveVersion() {
      if (past) return;
      await sync.flush();
      const answer = await http.post<{ version: string; etag: string; revision: number }>(
        `/pipelines/${segment(name)}/draft/save`,
        { revision: store.getState().revision },
      );
      store.setState({ savedToFile: true, version: answer.version, etag: answer.etag, revision: answer.revision });
      void keepHistory(name, answer.revision, answer.etag, store.getState().history);
    },
    execute,
    async cancel() {
      const id = store.getState().run?.id;
      if (id) await http.post(`/runs/${segment(id)}/cancel`);
    },
    showRun,
    adoptText,
    load,
    reload,
    onNotice(listener) {
      listeners.add(listener);
      for (const notice of waitingNotices.splice(0)) listener(notice);
      return () => listeners.delete(listener);
    },
    close() {
      closed = true;
      stopRuns();
      stopEvents();
      streaming.close();
      analyser.close();
      follower.close();
      sync.close();
    },
  };
}

function afterNode(scene: Scene, node: string): PortRef | undefined {
  const port = mainOutput(scene, node);
  return port ? { node, port: port.name } : undefined;
}

function sameSelection(a: Selection, b: Selection): boolean {
  return (["nodes", "wires", "frames", "notes"] as const).every(
    (part) => a[part].size === b[part].size && [...a[part]].every((id) => b[part].has(id)),
  );
}
