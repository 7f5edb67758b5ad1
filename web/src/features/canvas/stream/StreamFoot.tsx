import { Link } from "@tanstack/react-router";
import { shownPorts } from "../../../document/shape";
import { useEditor, useEditorState, useStream } from "../../../editor/react";
import { type StreamFoot as Facts, streamFootText } from "./facts";
import { Spark } from "./Spark";

/** The footer of a node whose stream runs: rate, then what matters most there, and the last seconds. */
export function useStreamFoot(id: string): Facts | null {
  const ports = useEditorState((state) => shownPorts(state.scene, id).outputs.map((port) => port.name));
  const text = useStream((stream) => streamFootText(stream, id, ports));
  return text ? (JSON.parse(text) as Facts) : null;
}

export function StreamFoot({ facts, node }: { facts: Facts; node: string }) {
  const { name } = useEditor();
  return (
    <div
      className="node-foot node-foot-stream"
      data-tone={facts.tone}
      title={[facts.weak, facts.busy].filter(Boolean).join(", ")}
    >
      <span className="num min-w-0 flex-1 truncate">
        {facts.strong ? <b data-testid="node-rate">{facts.strong}</b> : null}
        {facts.weak && facts.letters ? (
          <>
            {facts.strong ? " · " : null}
            <Link
              to="/streams/$name/dead-letters"
              params={{ name }}
              search={{ node }}
              data-testid="node-letters"
              className="nodrag nopan text-err underline decoration-dotted underline-offset-2 hover:decoration-solid"
              onClick={(event) => event.stopPropagation()}
            >
              {facts.weak}
            </Link>
          </>
        ) : facts.weak ? (
          <span className="node-weak">{facts.strong ? ` · ${facts.weak}` : facts.weak}</span>
        ) : null}
      </span>
      <Spark name={facts.spark} />
    </div>
  );
}
