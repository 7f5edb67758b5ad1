import { useCan } from "../../api/session";
import { edgeText } from "../../api/streams";
import { wiresOf } from "../../document/graph";
import type { Wire } from "../../document/types";
import { edgeOf, pauseOf } from "../../editor/edges";
import { useEditor, useEditorState, useStream } from "../../editor/react";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { words } from "./words";

/** Pauses the selected wire of the running stream, or lets it go on; nothing where it cannot be paused. */
export function PauseWire() {
  const editor = useEditor();
  const may = useCan("streams.execute");
  const text = useEditorState(({ selection, scene }) => {
    if (selection.nodes.size > 0 || selection.wires.size !== 1) return "";
    const wire = wiresOf(scene).find((one) => selection.wires.has(one.id));
    return wire ? JSON.stringify(wire) : "";
  });
  const wire = text ? (JSON.parse(text) as Wire) : null;
  const found = useStream((stream) => {
    const edge = wire ? edgeOf(stream, wire) : null;
    return { name: edge?.holds ? edgeText(edge) : "", paused: wire !== null && pauseOf(stream, wire) !== null };
  });
  if (!may || !found.name) return null;
  return (
    <Button
      data-testid="pause-wire"
      data-paused={found.paused || undefined}
      icon={<Icon name={found.paused ? "play" : "pause"} size={14} />}
      onClick={() => void editor.streaming.wishForEdge(found.name, found.paused ? "resume" : "pause")}
    >
      {found.paused ? words.wire.resume : words.wire.pause}
    </Button>
  );
}
