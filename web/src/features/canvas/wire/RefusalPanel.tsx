import { useConnection } from "@xyflow/react";
import { useStore } from "zustand";
import { addNode } from "../../../document/commands/addNode";
import { connect } from "../../../document/commands/connect";
import { AFTER, DONE } from "../../../document/graph";
import { useEditor } from "../../../editor/react";
import { Button } from "../../../ui/Button";
import { Icon } from "../../../ui/Icon";
import { IconButton } from "../../../ui/IconButton";
import { gesture, type Refusal, verdictOn } from "../gesture";
import { words } from "../words";

/** Why a wire was refused, and the node that would make it fit. */
export function RefusalPanel() {
  const refusal = useStore(gesture, (state) => state.refusal);
  return refusal ? <Panel refusal={refusal} /> : null;
}

function Panel({ refusal }: { refusal: Refusal }) {
  const editor = useEditor();
  const { verdict, from, to, at } = refusal;
  const close = () => gesture.setState({ refusal: null });
  const convert = () => {
    const { scene, positions } = editor.store.getState();
    const kind = verdict.converter ? scene.catalogue.get(verdict.converter.kind) : undefined;
    if (kind) editor.run(addNode(scene, positions, { kind, from, to }));
    close();
  };
  const wait = () => {
    const { scene } = editor.store.getState();
    editor.run(connect(scene, { from: { node: from.node, port: DONE.name }, to: { node: to.node, port: AFTER.name } }));
    close();
  };
  return (
    <div
      role="alertdialog"
      aria-label={verdict.refused}
      data-testid="refusal"
      className="fixed z-30 w-72 rounded-xl bg-raised p-3 shadow-menu"
      style={{ left: Math.min(at[0] + 12, innerWidth - 304), top: Math.min(at[1] + 12, innerHeight - 140) }}
    >
      <div className="flex items-start gap-2">
        <Icon name="circle-x" className="mt-0.5 text-err" />
        <p className="flex-1">{verdict.refused}</p>
        <IconButton label={words.refusal.dismiss} className="-mt-1 -mr-1" onClick={close}>
          <Icon name="x" size={14} />
        </IconButton>
      </div>
      {verdict.converter ? (
        <Button className="mt-2 ml-6" data-testid="fix" onClick={convert}>
          {words.refusal.insert(verdict.converter.title)}
        </Button>
      ) : null}
      {verdict.asOrder ? (
        <Button className="mt-2 ml-6" data-testid="fix" onClick={wait}>
          {words.refusal.order}
        </Button>
      ) : null}
    </div>
  );
}

/** Why the port under the wire refuses, while the wire is still in the hand. */
export function RefusalHint() {
  const editor = useEditor();
  const dragged = useStore(gesture, (state) => state.dragged);
  const text = useConnection((connection) => {
    const handle = connection.inProgress ? connection.toHandle : null;
    if (!dragged || !handle?.id || connection.isValid) return "";
    if (handle.type === (dragged.side === "output" ? "source" : "target")) return "";
    const verdict = verdictOn(editor.store.getState().scene, dragged, { node: handle.nodeId, port: handle.id });
    return verdict.ok ? "" : verdict.refused;
  });
  const at = useConnection((connection) => (connection.inProgress && connection.pointer ? connection.pointer : null));
  if (!text || !at) return null;
  return (
    <p
      role="status"
      data-testid="refusal-hint"
      className="pointer-events-none absolute z-20 max-w-72 rounded-md bg-raised px-2.5 py-1.5 text-err text-xs shadow-menu"
      style={{ left: at.x + 16, top: at.y + 16 }}
    >
      {text}
    </p>
  );
}
