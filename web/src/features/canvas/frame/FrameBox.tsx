import { type NodeProps, NodeResizer } from "@xyflow/react";
import { memo, useState } from "react";
import { collapseFrame, resize, retitleFrame } from "../../../document/commands/frames";
import { useEditor } from "../../../editor/react";
import { Icon } from "../../../ui/Icon";
import { IconButton } from "../../../ui/IconButton";
import type { FrameNode } from "../flow/toFlow";
import { words } from "../words";

/** A frame around nodes: a title, and a place that can be folded away. */
export const FrameBox = memo(function FrameBox({ data, selected }: NodeProps<FrameNode>) {
  const editor = useEditor();
  const [writing, setWriting] = useState(false);
  const { frame, title, collapsed, count } = data;
  return (
    <div
      className="frame"
      data-testid="frame"
      data-id={frame}
      data-collapsed={collapsed || undefined}
      data-selected={selected || undefined}
    >
      {collapsed ? null : (
        <NodeResizer
          isVisible={selected}
          minWidth={120}
          minHeight={80}
          onResizeEnd={(_, { x, y, width, height }) => editor.run(resize("frames", frame, { x, y, width, height }))}
        />
      )}
      <div className="frame-title">
        <IconButton
          label={collapsed ? words.frame.open : words.frame.collapse}
          className="size-5 nodrag"
          onClick={() => editor.run(collapseFrame(frame, !collapsed))}
        >
          <Icon name={collapsed ? "chevron-right" : "chevron-down"} size={12} />
        </IconButton>
        {writing ? (
          <input
            // biome-ignore lint/a11y/noAutofocus: the title was asked for
            autoFocus
            className="node-title-input nodrag nopan"
            aria-label={words.frame.title}
            defaultValue={title}
            onBlur={(event) => {
              setWriting(false);
              if (event.target.value !== title) editor.run(retitleFrame(frame, event.target.value));
            }}
            onKeyDown={(event) => {
              event.stopPropagation();
              if (event.key === "Enter" || event.key === "Escape") event.currentTarget.blur();
            }}
          />
        ) : (
          // biome-ignore lint/a11y/noStaticElementInteractions: the inspector and the outline do the same by keyboard
          <span className="truncate" onDoubleClick={() => setWriting(true)}>
            {title || words.frame.untitled}
          </span>
        )}
        {collapsed ? <span className="num ml-auto text-muted text-xs">{words.frame.nodes(count)}</span> : null}
      </div>
    </div>
  );
});
