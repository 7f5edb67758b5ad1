import { useEditorState } from "../../editor/react";
import type { SyncState } from "../../editor/state";
import { Icon } from "../../ui/Icon";
import { Tooltip } from "../../ui/Tooltip";
import { words } from "./words";

const ICONS: Readonly<Record<SyncState, string>> = {
  saved: "check",
  saving: "loader-circle",
  offline: "cloud-off",
  conflict: "git-compare",
};

/** Whether everything is at the server. */
export function SavedMark({ onConflict }: { onConflict: () => void }) {
  const sync = useEditorState((state) => state.sync);
  const whole = useEditorState((state) => state.savedToFile);
  const readOnly = useEditorState((state) => state.readOnly);
  const face = (
    <>
      <Icon name={ICONS[sync]} size={14} />
      {readOnly ? words.readOnly : words.saved[sync]}
    </>
  );
  const look = "flex items-center gap-1.5 whitespace-nowrap px-2.5 text-xs";
  if (sync === "conflict") {
    return (
      <button
        type="button"
        data-testid="saved"
        data-state={sync}
        className={`${look} rounded-md text-warn`}
        onClick={onConflict}
      >
        {face}
      </button>
    );
  }
  return (
    <Tooltip text={whole ? words.saved.file : words.saved.draft}>
      <span
        role="status"
        data-testid="saved"
        data-state={sync}
        className={`${look} ${sync === "offline" ? "text-warn" : "text-muted"}`}
      >
        {face}
      </span>
    </Tooltip>
  );
}
