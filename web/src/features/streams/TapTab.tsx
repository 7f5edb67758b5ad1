import { useEffect, useMemo, useState } from "react";
import { isLiving } from "../../api/streams";
import { DataGrid } from "../../data/grid/DataGrid";
import { RowWindow } from "../../data/grid/rowWindow";
import { perSecond } from "../../data/rates";
import type { Cell } from "../../data/values";
import { titleOf, wiresInto, wiresOf } from "../../document/graph";
import { shownPorts } from "../../document/shape";
import { unboundedNodes } from "../../document/streaming";
import type { PortRef } from "../../document/types";
import { useEditor, useEditorState, useStream } from "../../editor/react";
import type { EditorState } from "../../editor/state";
import { Button } from "../../ui/Button";
import { EmptyState } from "../../ui/EmptyState";
import { count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Input } from "../../ui/Input";
import { PauseWire } from "./PauseWire";
import { containing, factsOf, useTap } from "./tapping";
import { words } from "./words";

/** What is tapped: the main output of the selected node, or the output before the selected wire. */
function tappedPort(state: EditorState): PortRef | null {
  const flowing = unboundedNodes(state.scene);
  const [wireId] = state.selection.wires;
  const wire = wireId ? wiresOf(state.scene).find((one) => one.id === wireId) : undefined;
  const [node] = state.selection.nodes;
  // A wire stays chosen when a node is: what was clicked last is the node.
  if (!node) return wire && flowing.has(wire.from.node) ? wire.from : null;
  if (!flowing.has(node)) return null;
  const port = shownPorts(state.scene, node).outputs[0]?.name;
  return port ? { node, port } : (wiresInto(state.scene, node)[0]?.from ?? null);
}

/** The last rows that pass at a wire of the running stream. */
export function TapTab() {
  const editor = useEditor();
  const key = useEditorState((state) => {
    const found = tappedPort(state);
    return found ? JSON.stringify(found) : "";
  });
  const at = key ? (JSON.parse(key) as PortRef) : null;
  const living = useStream((stream) => isLiving(stream.row?.status ?? ""));
  const [held, setHeld] = useState(false);
  const [filter, setFilter] = useState("");
  const tapped = useTap(editor.name, at?.node ?? null, at?.port ?? "", living, held);
  const title = useEditorState((state) => (at ? titleOf(state.document, at.node) : ""));
  const rate = useStream((stream) => (at ? (stream.row?.rates[`${at.node}.${at.port}`] ?? 0) : 0));
  const rows = useMemo(() => containing(tapped.rows, filter), [tapped.rows, filter]);
  const found = useRows(rows);
  const facts = useMemo(() => factsOf(tapped), [tapped]);
  if (!living)
    return (
      <EmptyState icon="eye" title={words.tap.off}>
        {words.tap.offText}
      </EmptyState>
    );
  if (!at)
    return (
      <EmptyState icon="eye" title={words.tap.choose}>
        {words.tap.chooseText}
      </EmptyState>
    );
  return (
    <div
      data-testid="tap"
      data-node={at.node}
      data-port={at.port}
      data-held={held}
      className="flex min-h-0 flex-1 flex-col"
    >
      <div className="flex h-10 shrink-0 items-center gap-2 border-b px-3">
        <Icon name="eye" size={14} className="text-running" />
        <span className="min-w-0 flex-1 truncate">{words.tap.from(title, at.port)}</span>
        <Input
          type="search"
          aria-label={words.tap.filter}
          placeholder={words.tap.filter}
          className="w-48"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
        <PauseWire />
        <Button
          data-testid="tap-hold"
          pressed={held}
          aria-pressed={held}
          icon={<Icon name={held ? "play" : "pause"} size={14} />}
          onClick={() => setHeld(!held)}
        >
          {held ? words.tap.resume : words.tap.pause}
        </Button>
      </div>
      {tapped.columns.length === 0 ? (
        <EmptyState icon="hourglass" title={tapped.problem ?? words.tap.waiting}>
          {tapped.problem ? null : words.tap.waitingText}
        </EmptyState>
      ) : (
        <DataGrid
          label={words.tap.grid(title)}
          columns={tapped.columns}
          rows={found}
          total={rows.length}
          basis="sample"
          state="ready"
          facts={facts}
          factsRows={tapped.rows.length}
          resetKey={key}
        />
      )}
      <footer className="num flex h-6 shrink-0 items-center gap-3 whitespace-nowrap border-t bg-surface px-3 text-muted text-xs contrast:border-t-2">
        <span className="flex items-center gap-1.5">
          <Icon name={held ? "pause" : "activity"} size={13} className={held ? "text-warn" : "text-running"} />
          {held ? words.tap.held : words.tap.live}
        </span>
        <span data-testid="tap-rows">{words.tap.sample(count(rows.length), perSecond(rate))}</span>
        <span className="flex-1" />
        <span>{words.tap.newest}</span>
      </footer>
    </div>
  );
}

/** The rows as the grid reads them. */
function useRows(rows: readonly (readonly Cell[])[]): RowWindow {
  const made = useMemo(
    () => new RowWindow((offset, limit) => Promise.resolve(rows.slice(offset, offset + limit)), rows),
    [rows],
  );
  useEffect(() => () => made.close(), [made]);
  return made;
}
